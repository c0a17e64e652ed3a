"""The command line: parse, call, print. A user's error is one line and an exit code, never a traceback.

Only the standard library is imported at the top, so that `survival-nodes --help` answers at once.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import DataWarning, InputError, SurvivalNodesError, UnitWarning, UsageError

DEMO_STUDIES = ("sedmak-1989", "gbsg2-nodes", "article-claims")
TRACEBACK = "SURVIVAL_NODES_TRACEBACK"
_LISTS = {"keep", "follow_ups", "more"}  # options of sources that take several values, parted by commas


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
        with _warnings_in_a_line() as options.told:
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
def _warnings_in_a_line() -> Iterator[list[str]]:
    """Print a warning about the data as one line, and give the list of what was said; leave other warnings as they are."""
    plain, told = warnings.showwarning, []

    def show(message, category, filename, lineno, file=None, line=None) -> None:
        if issubclass(category, DataWarning):
            told.append(str(message))
            print(f"warning: {message}", file=sys.stderr)
        else:
            plain(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = show
        yield told


@contextmanager
def _step(what: str) -> Iterator[Callable[[float], None]]:
    """Tell on standard error what is being done, and how long it took; what is given back takes the fraction done, of work that knows it."""
    print(f"{what} ...", end=" ", file=sys.stderr, flush=True)
    start, shown = time.monotonic(), 0

    def watch(fraction: float) -> None:
        nonlocal shown
        tenth = int(10 * fraction)
        if tenth > shown and time.monotonic() - start > 1:
            print(f"{10 * tenth}%", end=" ", file=sys.stderr, flush=True)
        shown = max(shown, tenth)

    try:
        yield watch
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
    _map_options(commands.add_parser("map", help="look at a file and draft its mapping, the guesses marked"))
    _check_options(commands.add_parser("check", help="read a file and check its quality, without analysing it"))
    _classify_options(commands.add_parser("classify", help="add the nodal category, and how it came about, to the rows of a file"))
    _explain_options(commands.add_parser("explain", help="print why one value of a coding system gives its nodal category"))
    _published_options(commands.add_parser("published", help="print published survival by nodal category"))
    _fetch_options(commands.add_parser("fetch", help="download your own copy of a public cohort from its public home"))
    commands.add_parser("sources", help="list sources, example cohorts, cohort rules and coding systems of nodes").set_defaults(run=_run_sources)
    return parser


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="reports/demo", metavar="FOLDER", help="where the report goes (default: %(default)s)")
    parser.set_defaults(run=_run_demo)


def _report_options(parser: argparse.ArgumentParser) -> None:
    _reading_options(parser)
    parser.add_argument("--rules", metavar="NAME", nargs="+", default=[], help="cohort rules or sets of them, as default (`survival-nodes sources` lists them)")
    parser.add_argument("--without", metavar="NAME", nargs="+", default=[], help="rules of a set that are not applied")
    parser.add_argument("--zero-follow-up", metavar="CHOICE", help="what becomes of a follow-up of zero: keep, half, drop or complete-dates")
    parser.add_argument("--by", metavar="COLUMN", help="the groups to compare (default: nodal_category, where there is one)")
    parser.add_argument("--out", metavar="FOLDER", help="where the report goes (default: reports/ and the file's name)")
    parser.add_argument("--accept-units", action="store_true", help="go on although the length of follow-up suggests another unit")
    parser.set_defaults(run=_run_report)


def _reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cohort", metavar="COHORT.csv", help="the patients, a row each")
    parser.add_argument("--map", metavar="MAP.toml", help="which column is which, in what unit, and what the codes mean")
    parser.add_argument("--source", default="own-file", help="what kind of file it is (default: %(default)s; `survival-nodes sources` lists them)")
    parser.add_argument("--option", metavar="NAME=VALUE", nargs="+", action="extend", default=[], help="options of the source, as dictionary=export.dic")


def _map_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the patients, a row each: CSV, TSV, Excel, Parquet, Stata, SPSS or SAS")
    parser.add_argument("-o", "--out", metavar="MAP.toml", help="where the mapping goes (default: it is printed)")
    parser.add_argument("--delimiter", help='of a file of text, as ";" (default: by its name and its first line)')
    parser.add_argument("--encoding", default="utf-8", help="of a file of text, as latin-1 (default: %(default)s, or found out)")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of an Excel workbook (default: the one that holds anything)")
    parser.add_argument("--overwrite", action="store_true", help="write the mapping although a file of its name is there")
    parser.set_defaults(run=_run_map)


def _check_options(parser: argparse.ArgumentParser) -> None:
    _reading_options(parser)
    parser.add_argument("--cut-off", metavar="DATE", help="when follow-up was closed, as 2021-12-31; longer follow-up is then named")
    parser.set_defaults(run=_run_check)


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


def _fetch_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="a public cohort, as tcga-brca or metabric; without it they are listed")
    parser.add_argument("--to", default=".", metavar="FOLDER", help="where the file goes (default: the folder you are in)")
    parser.add_argument("--overwrite", action="store_true", help="fetch it although a file of its name is there")
    parser.add_argument("--list", action="store_true", help="list what can be fetched, and the licences")
    parser.set_defaults(run=_run_fetch)


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
    with _step(f"reading {path.name}") as watch:
        asked = {"rules": options.rules, "without": options.without, "zero_follow_up": options.zero_follow_up}
        cohort = _read_with_units_questioned(
            lambda: read_cohort(path, options.source, watch=watch, **asked, **_source_options(options, mapping)), options.accept_units)
    plan = dict(mapping.report) if mapping else {}
    if options.by:
        plan["by"] = options.by
    study = Study.of_cohort(cohort, name=path.name.split(".")[0], plan=plan)
    with _step("analysing"):
        findings = study.run()
    for warning in findings.warnings:
        if not any(each.endswith(warning) for each in options.told):
            print(f"warning: {warning}", file=sys.stderr)
    with _step("writing the report"):
        report = write_report(findings, options.out or Path("reports") / study.name, command=options.command_line)
    print(report)


def _run_map(options: argparse.Namespace) -> None:
    with _step("loading"):
        from .sources import FileFormat
        from .sources.drafting import draft_mapping, write_draft
    file = FileFormat("\t" if options.delimiter == "\\t" else options.delimiter, options.encoding, sheet=options.sheet)
    with _step(f"looking at {Path(options.file).name}"):
        try:
            draft = draft_mapping(options.file, file)
        except InputError as problem:
            raise InputError(re.sub(r'say (\w+) = ("[^"]*") under \[file\]', r"add --\1 \2", str(problem))) from problem
    if options.out:
        print(write_draft(draft, options.out, options.file, overwrite=options.overwrite))
    else:
        print(draft.toml, end="")
    for number, question in enumerate(draft.questions, start=1):
        print(f"{number}. {question}", file=sys.stderr)
    print(f"next: survival-nodes report {shlex.quote(options.file)} --map {shlex.quote(options.out or 'MAP.toml')}", file=sys.stderr)


def _source_options(options: argparse.Namespace, mapping) -> dict[str, object]:
    """Gather the options of a source: of a mapping as a whole where it is a file of the user's own, else what other sources can take of it."""
    given = {name: value.split(",") if name in _LISTS else value for name, value in _pairs("--option", "NAME=VALUE", options.option).items()}
    if mapping is None:
        return given
    if options.source == "own-file":
        return {"mapping": mapping, **given}
    taken = {"columns": mapping.columns, "codes": mapping.codes}
    return {**{name: value for name, value in taken.items() if value}, **given}


def _run_check(options: argparse.Namespace) -> None:
    with _step("loading"):
        from .cohort import check_quality
        from .sources import read_mapping, read_rows
    path = Path(options.cohort)
    mapping = read_mapping(options.map) if options.map else None
    with _step(f"reading {path.name}") as watch:
        reading = read_rows(path, options.source, watch=watch, **_source_options(options, mapping)).classified()
    for sentence in reading.said:
        print(f"warning: {sentence}", file=sys.stderr)
    found = check_quality(reading.frame, options.cut_off, time_unit=reading.time_unit)
    for row in found.itertuples():
        print(_check_line(row))
    fatal = found[(found.severity == "fatal") & (found.n.fillna(0) > 0)]
    if len(fatal):
        raise InputError(f"{path.name!r}: {', '.join(fatal.rule)} must be mended before it can be analysed; rows are numbered from the first after the header")
    print(f"{len(reading.frame)} rows read; nothing fatal was found")


def _check_line(row) -> str:
    """Write what one rule found: its count, its rows and what to do."""
    from .units import format_count, is_missing

    if is_missing(row.n):
        return f"not checked  {row.rule}: {row.sentence}"
    if row.n == 0:
        return f"ok           {row.rule}"
    return f"{row.severity:<12} {row.rule}: {format_count(row.n)} (row {row.rows}): {row.sentence}"


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


def _run_fetch(options: argparse.Namespace) -> None:
    from .sources.fetching import fetch_file, public_file, public_files
    from .sources.fetching_download import Web

    if options.list or options.name is None:
        for file in public_files():
            print(f"{file.name:<20} {file.title}\n{'':<20} {file.licence}")
        return
    file = public_file(options.name)
    print(f"{file.title}\nfrom {file.url}", file=sys.stderr)
    with _step(f"fetching {file.saves_as}") as watch:
        web = Web(tell=lambda line: print(f"\n{line}", file=sys.stderr))
        found = fetch_file(file, options.to, overwrite=options.overwrite, progress=lambda done, total: watch(done / total if total else 0), web=web)
    print(found.text())


def _run_sources(options: argparse.Namespace) -> None:
    from .cohort import cohort_rules
    from .nodes import systems
    from .sources import examples, sources

    rules = cohort_rules().assign(title=lambda found: found.sentence).itertuples()
    for title, listed in (
        ("Sources", sources().itertuples()), ("Examples", examples().itertuples()), ("Cohort rules", rules), ("Coding systems of nodes", systems()),
    ):
        print(title)
        for row in listed:
            print(f"  {row.name:<28} {row.title}")


if __name__ == "__main__":
    sys.exit(main())
