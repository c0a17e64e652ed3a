"""Rework the collected registry of published figures into the one that is shipped.

Run as ``python -m survival_nodes.literature.rework SOURCE.csv [FOLDER]``: it writes `published_rates.csv` and `studies.csv`
(default: `data/published/`). A spelling without a place in the tables of this room is an error; rows marked `no` are left out.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from ..columns import PUBLISHED
from ..data_files import write_file
from ..errors import InputError
from .populations import DEFINITIONS, NOTES, SUBGROUPS
from .published import PRINTED_AS_BOUND, PRINTED_WITHOUT_DECIMALS
from .spellings import (
    ADJUSTMENTS, CATEGORIES, COUNTS, ENDPOINT_NAMES, ENDPOINTS, METHODS, NEGATIVE_BY_DEFINITION, RATIO_KINDS, RATIOS, REFERENCES, RELATIVE_UNSTATED,
    SOURCE_CATEGORIES, UNSTATED)
from .studies import CONFIRMED_DOIS, STUDIES

STUDY_COLUMNS = ("study", "citation", "doi", "text_seen")
# Rows of the source that carry a decimal which the page does not print ("31%"), and one printed as "more than 99%".
WHOLE_PERCENT_ROWS, BOUND_ROWS = {"5", "28", "30"}, {"52"}
# What the texts seen leave open about an endpoint.
ENDPOINT_NOTES = {
    "distant-disease-free": "An interval; whether deaths count is not said.",
    "recurrence": "Whether a death without recurrence counts is not said.",
    "recurrence-free": "Deaths count; the definition was not in the text seen.",
    "event-free": "What counts as an event was not in the text seen.",
}
_P_WORDS = {"NS": "Not significant.", "significant": "Called significant.", ".16 (log-rank); .0042 (non-inf.)": "p .16 (log-rank), .0042 (non-inferiority).",
            "<.001": "p < .001.", "<.0001 overall": "p < .0001 over all groups."}
_RECALLED = re.compile(r"\((?:\w+ )*(?:recalled|inferred)\)")  # "(recalled)", "(period label recalled)", "(n recalled)", "(inferred)"
_DIGITS = re.compile(r"\d+")


def rework(rows: Iterable[Mapping[str, str]]) -> list[dict]:
    """Turn rows of the source into rows of PUBLISHED, as text with exactly the decimals printed.

    Raises
    ------
    InputError
        If a spelling has no place in the tables, or two rows would have one `rate_id`.
    """
    ours: list[dict] = []
    ratios_seen: set[tuple] = set()
    for row in rows:
        if row["ship"] == "no":
            continue
        if row["ship"] not in {"yes", "with_caveat"} or row["source_tier"] not in {"A", "B", "C"}:
            raise InputError(f"row {row['row_id']}: ship {row['ship']!r} with tier {row['source_tier']!r} cannot be shipped")
        ours.append(_reworked(row, ratios_seen))
    names = [row["rate_id"] for row in ours]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two figures would have one name: {', '.join(twice)}; add to the tables what tells them apart")
    return ours


def studies(rows: Iterable[Mapping[str, str]]) -> list[dict]:
    """List the studies of the rows that are shipped: short name, citation, DOI or address, and the texts that were read."""
    listed: dict[str, dict] = {}
    for row in rows:
        if row["ship"] != "no":
            study = _look_up(STUDIES, row, "study_id")
            citation = _RECALLED.sub("(unconfirmed)", row["citation"])
            entry = listed.setdefault(study.name, {"study": study.name, "citation": citation, "doi": _source(row), "text_seen": []})
            seen = re.sub(r",? find_string id \d+", "", row["source_seen"])
            entry["text_seen"] += [seen] if seen not in entry["text_seen"] else []
    return [{**entry, "text_seen": " | ".join(entry["text_seen"])} for entry in listed.values()]


def _reworked(row: Mapping[str, str], ratios_seen: set[tuple]) -> dict:
    study = _look_up(STUDIES, row, "study_id")
    category, _, more = _look_up(SOURCE_CATEGORIES, row, "nodal_category")
    if row["nodal_category"] == "N0":
        category = _look_up(NEGATIVE_BY_DEFINITION, row, "nodal_definition")
    endpoint, estimand = _look_up(ENDPOINTS, row, "endpoint", "estimand")
    words = (_look_up(DEFINITIONS, row, "nodal_definition"), more, _look_up(SUBGROUPS, row, "subgroup")[0])
    ours = {
        "study": study.name, "doi": _source(row), "country": study.country, "accrual": _accrual(row), "category": category,
        "population": "; ".join(word for word in words if word), "endpoint": endpoint, "estimand": estimand, "method": _method(row, estimand),
        "years": row["time_years"], "estimate": _fraction(row, "estimate_pct"), "conf_low": _fraction(row, "ci_low"), "conf_high": _fraction(row, "ci_high"),
        "conf_level": "0.95" if row["ci_low"] or row["hr_ci_low"] else "", "reference": _look_up(REFERENCES, row, "reference_category") or "",
        "n": _size(row), "tier": row["source_tier"], "ship": row["ship"],
    }
    ours |= _ratio(row, ours, ratios_seen)
    repeated = bool(row["hr"]) and not ours["ratio"]
    return {**ours, "rate_id": _rate_id(row, ours), "note": _note(row, endpoint, repeated)}


def _look_up(table: Mapping, row: Mapping[str, str], *columns: str):
    """Give what a spelling becomes; a spelling without a place is an error that names row, column and spelling."""
    spelling = row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)
    if spelling not in table:
        raise InputError(f"row {row['row_id']}: {' and '.join(columns)} {spelling!r} has no place in the tables; map it in survival_nodes/literature")
    return table[spelling]


def _source(row: Mapping[str, str]) -> str:
    """Give the DOI, else the PMID, else where the text was read; a DOI known from memory only is not used."""
    if row["doi"] and "(recalled)" not in row["doi"]:
        return row["doi"]
    if row["study_id"] in CONFIRMED_DOIS:
        return CONFIRMED_DOIS[row["study_id"]]
    pmid = _DIGITS.match(row["pmid"])
    address = _look_up(STUDIES, row, "study_id").address
    if not pmid and not address:
        raise InputError(f"row {row['row_id']}: neither DOI nor PMID nor address; give the study an address in survival_nodes/literature/studies.py")
    return f"PMID:{pmid.group()}" if pmid else address


def _accrual(row: Mapping[str, str]) -> str:
    """Give the years of diagnosis as stated; what was recalled or inferred is called unconfirmed."""
    stated = _RECALLED.sub("(unconfirmed)", row["accrual_years"])
    return "" if stated == "not stated" else stated


def _size(row: Mapping[str, str]) -> str:
    size = int(row["n_group"]) if row["n_group"].isdigit() else _look_up(COUNTS, row, "n_group")
    return "" if size is None else str(size)


def _method(row: Mapping[str, str], estimand: str) -> str:
    named = _look_up(METHODS, row, "estimator")
    if named is None and estimand == "net":
        return RELATIVE_UNSTATED
    if named is None and not row["estimate_pct"]:
        return _look_up(RATIOS, row, "hr_measure")[1] or UNSTATED
    return named or UNSTATED


def _fraction(row: Mapping[str, str], column: str) -> str:
    """Turn a percentage into a fraction with the decimals printed: 86 -> 0.86, 97.0 -> 0.970."""
    if not row[column]:
        return ""
    percent = Decimal(row[column])
    if column == "estimate_pct" and row["row_id"] in WHOLE_PERCENT_ROWS:
        percent = percent.quantize(Decimal(1))
    return str(percent.scaleb(-2))


def _ratio(row: Mapping[str, str], ours: Mapping[str, str], seen: set[tuple]) -> dict:
    """Give the ratio and its kind; a ratio printed once for the whole follow-up is kept in its study's first row only."""
    kind, _, adjusted = _look_up(RATIOS, row, "hr_measure")
    key = (row["study_id"], row["subgroup"], ours["endpoint"], ours["estimand"], ours["category"], row["reference_category"], kind, row["hr"])
    empty = dict.fromkeys(("ratio", "ratio_low", "ratio_high", "ratio_kind", "adjusted_for"), "")
    if kind == "hazard ratio" and key in seen or not row["hr"]:
        return empty
    seen.add(key)
    adjusted = _look_up(ADJUSTMENTS, row, "adjusted_for") or adjusted or ""
    return {"ratio": row["hr"], "ratio_low": row["hr_ci_low"], "ratio_high": row["hr_ci_high"], "ratio_kind": kind, "adjusted_for": adjusted}


def _rate_id(row: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Put a readable name together: study, category, subgroup, endpoint, time or kind of ratio."""
    source_part = SOURCE_CATEGORIES[row["nodal_category"]][1]
    group = ours["category"] if row["nodal_category"] == "N0" else source_part
    endpoint = {"net": "", "cumulative-incidence": "breast-cancer-deaths"}.get(ours["estimand"], ENDPOINT_NAMES[ours["endpoint"]][1])
    end = f"{row['time_years']}y" if ours["estimate"] else RATIO_KINDS[ours["ratio_kind"]]
    if not ours["estimate"] and ours["ratio_kind"] in {"risk ratio", "ratio of survival proportions"}:
        end += f"-{row['time_years']}y"
    against = f"vs-{ours['reference']}" if not ours["estimate"] and ours["reference"] in {"micro", "macro"} else ""
    return "-".join(part for part in (STUDIES[row["study_id"]].slug, group, SUBGROUPS[row["subgroup"]][1], against, endpoint, end) if part)


def _note(row: Mapping[str, str], endpoint: str, repeated: bool) -> str:
    """Say what a reader should know: where it was read, what is open, how the figure is printed, p-values, an adjusted ratio beside the row's own."""
    parts = [_look_up(NOTES, row, "notes"), ENDPOINT_NOTES.get(endpoint, "")]
    if row["source_tier"] == "C":
        parts.insert(0, "Read in a third-party copy: check the primary page.")
    if row["row_id"] in BOUND_ROWS:
        parts.append(f"{PRINTED_AS_BOUND}.")
    elif row["estimate_pct"] and ("." not in row["estimate_pct"] or row["row_id"] in WHOLE_PERCENT_ROWS):
        parts.append(f"{PRINTED_WITHOUT_DECIMALS}.")
    if row["p_value"]:
        parts.append(_P_WORDS.get(row["p_value"], f"p = {row['p_value']}."))
    if "(adjusted " in row["hr_measure"]:
        parts.append("Adjusted ratio " + row["hr_measure"].partition("(adjusted ")[2].rstrip(")").replace(", ", " (").replace("-", " to ") + ").")
    if repeated:
        parts.append("The hazard ratio over the whole follow-up stands in the 5-year row.")
    return " ".join(part for part in parts if part)


def as_csv(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Write rows as CSV with these columns."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def main(arguments: list[str]) -> None:
    """Read the source, rework it, write both files."""
    source = Path(arguments[0])
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parents[2] / "data" / "published"
    with open(source, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    write_file(folder / "published_rates.csv", as_csv(PUBLISHED.names, rework(rows)))
    write_file(folder / "studies.csv", as_csv(STUDY_COLUMNS, studies(rows)))
    print(f"{len(rework(rows))} of {len(rows)} rows are shipped; {len(CATEGORIES)} categories", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
