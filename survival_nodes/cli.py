"""The command line: parse, call, print. A user's error is one line and an exit code, never a traceback.

Only the standard library is imported at the top, so that `survival-nodes --help` answers at once.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import DataWarning, InputError, SurvivalNodesError, UnitWarning, UsageError

DEMO_STUDIES = ("sedmak-1989", "gbsg2-nodes", "article-claims")
TRACEBACK = "SURVIVAL_NODES_TRACEBACK"


class _Parser(argparse.ArgumentParser):
    """A parser whose error is one line."""

    def error(self, message: str) -> None:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code (0 done, 2 usage, 3 input, 4 disclosure, 5 cannot write, 1 a defect of ours)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot write a sign is no reason to stop
    try:
        options = _parser().parse_args(given)
        options.command_line = ["survival-nodes", *given]
        with _warnings_in_a_line():
            options.run(options)
        sys.stdout.flush()
    except SurvivalNodesError as problem:
        return _say_error(str(problem), problem.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (as with `| head`): nothing to say, and nothing more to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _say_error("stopped before the end; nothing half-written is left", 130)
    except Exception as problem:
        return _say_defect(problem)
    return 0


def _say_error(message: str, exit_code: int) -> int:
    print("survival-nodes: " + " ".join(message.split()), file=sys.stderr)
    return exit_code


def _say_defect(problem: Exception) -> int:
    """Name where a defect of ours happened, without the values that a traceback's message might hold."""
    if os.environ.get(TRACEBACK):
        traceback.print_exc()
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(__file__).parent)]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
    return _say_error(f"a defect of survival_nodes, {type(problem).__name__} at {place}: please report it (with {TRACEBACK}=1 the whole trace is shown)", 1)


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Print a warning about the data as one line; leave other warnings as they are."""
    plain = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None) -> None:
        if issubclass(category, DataWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            plain(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Tell on standard error what is being done, and how long it took."""
    print(f"{what} ...", end=" ", file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("", file=sys.stderr)
        raise
    print(f"{time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = _Parser(prog="survival-nodes", description="Survival of breast-cancer cohorts by nodal category: from a registry export to a report.")
    parser.add_argument("--version", action="version", version=f"survival-nodes {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    _demo_options(commands.add_parser("demo", help="three analyses, offline, in one report: two of real patients, one of a synthetic cohort"))
    _report_options(commands.add_parser("report", help="read a cohort by a mapping and write its report"))
    _classify_options(commands.add_parser("classify", help="add the nodal category, and how it came about, to the rows of a file"))
    _explain_options(commands.add_parser("explain", help="print why one value of a coding system gives its nodal category"))
    _published_options(commands.add_parser("published", help="print published survival by nodal category"))
    sources = commands.add_parser("sources", help="list what can be read, the coding systems of nodes, and the example cohorts")
    sources.set_defaults(run=_run_sources)
    return parser


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="reports/demo", metavar="FOLDER", help="where the report goes (default: %(default)s)")
    parser.set_defaults(run=_run_demo)


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cohort", metavar="COHORT.csv", help="the patients, a row each")
    parser.add_argument("--map", metavar="MAP.toml", help="which column is which, in what unit, and what the codes mean")
    parser.add_argument("--source", default="own-file", help="what kind of file it is (default: %(default)s; `survival-nodes sources` lists them)")
    parser.add_argument("--by", metavar="COLUMN", help="the groups to compare (default: nodal_category, where there is one)")
    parser.add_argument("--out", metavar="FOLDER", help="where the report goes (default: reports/ and the file's name)")
    parser.add_argument("--accept-units", action="store_true", help="go on although the length of follow-up suggests another unit")
    parser.set_defaults(run=_run_report)


def _classify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.csv", help="the patients, a row each (.csv, .tsv, .txt, also with .gz)")
    parser.add_argument("--system", help="the coding system of the column (`survival-nodes sources` lists them)")
    parser.add_argument("--column", required=True, help="the column that holds the nodal evidence")
    parser.add_argument("--edition-column", metavar="COLUMN", help="the column of the AJCC edition")
    parser.add_argument("--year-column", metavar="COLUMN", help="the column of the year of diagnosis")
    parser.add_argument("--context", metavar="NAME=COLUMN", nargs="+", action="extend", default=[], help="columns read with it, as nodes_positive=pos")
    parser.add_argument("--delimiter", help='of the file read and the file written, as ";" (default: by their names)')
    parser.add_argument("--encoding", default="utf-8", help="of the file read (default: %(default)s)")
    parser.add_argument("-o", "--out", required=True, metavar="OUT.csv", help="where the rows go with their categories")
    _policy_option(parser)
    parser.set_defaults(run=_run_classify)


def _explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", metavar="SYSTEM", help="a coding system, as gdc_path_n")
    parser.add_argument("value", metavar="VALUE", help="what stands in the record, as 'N0 (i+)'")
    parser.add_argument("beside", metavar="NAME=VALUE", nargs="*", help="what stands beside it, as nodes_positive=02, edition=7 or year=2012")
    _policy_option(parser)
    parser.set_defaults(run=_run_explain)


def _policy_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", default="default", help="default, or strict: no default is used (default: %(default)s)")


def _published_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--category", help="a nodal category or stage, as micro or regional")
    parser.add_argument("--endpoint", help="an endpoint, as overall or breast-cancer")
    parser.add_argument("--years", type=float, help="the time of the rate")
    parser.add_argument("--with-caveats", action="store_true", help="show also figures that need a look at the primary page")
    parser.add_argument("--csv", action="store_true", help="print every column as CSV")
    parser.set_defaults(run=_run_published)


def _run_demo(options: argparse.Namespace) -> None:
    with _step("loading"):
        from .reporting import write_report
        from .study import Study
    findings = []
    for name in DEMO_STUDIES:
        with _step(name):
            findings.append(Study.packaged(name).run())
    with _step("writing the report"):
        path = write_report(findings, options.out, command=options.command_line)
    print(path)


def _run_report(options: argparse.Namespace) -> None:
    with _step("loading"):
        from .reporting import write_report
        from .sources import read_cohort, read_mapping
        from .study import Study
    path = Path(options.cohort)
    mapping = read_mapping(options.map) if options.map else None
    with _step(f"reading {path.name}"):
        cohort = _read_with_units_questioned(lambda: read_cohort(path, options.source, mapping=mapping), options.accept_units)
    plan = dict(mapping.report) if mapping else {}
    if options.by:
        plan["by"] = options.by
    study = Study.of_cohort(cohort, name=path.name.split(".")[0], plan=plan)
    with _step("analysing"):
        findings = study.run()
    for warning in findings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    with _step("writing the report"):
        report = write_report(findings, options.out or Path("reports") / study.name, command=options.command_line)
    print(report)


def _read_with_units_questioned(read, accept_units: bool):
    """Read, and stop where the length of follow-up suggests another unit, unless told to go on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if accept_units else "error", UnitWarning)
        try:
            return read()
        except UnitWarning as question:
            raise InputError(f"{question} Correct [units] time in the mapping, or add --accept-units if it is right") from question


def _run_classify(options: argparse.Namespace) -> None:
    with _step("loading"):
        from .nodes import Evidence
        from .sources import FileFormat, check_output, classify_file
    file = FileFormat(delimiter="\t" if options.delimiter == "\\t" else options.delimiter, encoding=options.encoding)
    context = _pairs("--context", "NAME=COLUMN", options.context)
    beside = (options.edition_column, options.year_column)
    evidence = options.column if options.system is None else Evidence(options.system, options.column, *beside, **context)
    check_output(options.file, options.out)
    with _step(f"classifying {Path(options.file).name}"):
        found = classify_file(options.file, evidence, options.policy, file)
    with _step("writing"):
        path = found.write(options.out)
    print(f"{found.summary.text()}\n\n{path}")


def _run_explain(options: argparse.Namespace) -> None:
    from .nodes import classify, explain

    print(explain(classify(options.system, options.value, policy=options.policy, **_pairs("explain", "NAME=VALUE", options.beside))))


def _pairs(what: str, wanted: str, given: Sequence[str]) -> dict[str, str]:
    """Take apart what was given as name=value."""
    pairs: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name or name in pairs:
            raise UsageError(f"{what}: {each!r} " + (f"names {name!r} a second time" if name in pairs else f"is not written as {wanted}"))
        pairs[name] = value
    return pairs


def _run_published(options: argparse.Namespace) -> None:
    from .literature import published_rates

    rates = published_rates(options.category, endpoint=options.endpoint, years=options.years, include_caveats=options.with_caveats)
    if options.csv:
        print(rates.to_csv(index=False, lineterminator="\n"), end="")
        return
    if rates.empty:
        raise UsageError("no published figure fits: leave out --category, --endpoint or --years, or add --with-caveats")
    from .tables import published

    table = published(rates)
    print(table.text())


def _run_sources(options: argparse.Namespace) -> None:
    from .nodes import systems
    from .sources import examples, sources

    for title, listed in (("Sources", sources().itertuples()), ("Examples", examples().itertuples()), ("Coding systems of nodes", systems())):
        print(title)
        for row in listed:
            print(f"  {row.name:<28} {row.title}")


if __name__ == "__main__":
    sys.exit(main())
