"""Checks of quality: named rules over the rows of a file as a source read them, before anybody is left out.

A rule is fatal where breaking it makes survival or identity wrong (dates in an impossible order, a patient twice). It is a warning where
a record contradicts itself in something that survival does not rest on: registries hold such records by the thousand, the rows are
counted and named, and the nodal category already says so in its flags. That is why more positive than examined nodes, a slip that
every registrar knows (codes of the two items exchanged, nodes of a second operation not added), is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from ..columns import QUALITY, frame_of
from ..errors import UsageError
from ..units import DAYS_PER_YEAR, units_per_year
from .entries import Entries, day_limits

FATAL, WARNING = "fatal", "warning"
SHOWN = 10
_DIAGNOSIS = "diagnosis_date or diagnosis_year"
# Months are whole, and may have been rounded; a day more or less is a matter of counting.
_SLACK_DAYS = {"days": 1.0, "months": 17.0, "years": 1.0}


@dataclass(frozen=True, eq=False)
class FileRows:
    """The rows under check, the last day of follow-up (days since 1970, None where not given) and the unit of `years`."""

    entries: Entries
    cut_off: float | None = None
    time_unit: str = "years"
    made: dict[str, np.ndarray] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return self.cut_off is not None if name == "cut_off" else any(each in self.entries for each in name.split(" or "))

    def days(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the first and last day that a date can mean, NaN where there is none; a diagnosis is dated by its year where it has no date."""
        nothing = np.full(len(self.entries), np.nan)
        first, last = self.entries.days(name) if name in self.entries else (nothing, nothing)
        if name != "diagnosis_date" or "diagnosis_year" not in self.entries:
            return first, last
        years = self.entries.numbers("diagnosis_year")
        with np.errstate(invalid="ignore"):
            whole = np.where((years >= 1) & (years < 9999), np.trunc(years), np.nan)
        starts = _first_days(whole)
        return np.where(np.isnan(first), starts, first), np.where(np.isnan(last), _first_days(whole + 1) - 1, last)

    def numbers(self, name: str) -> np.ndarray:
        """Give a column as floats, NaN where there is no number or no column."""
        return self.entries.numbers(name) if name in self.entries else np.full(len(self.entries), np.nan)

    def identical(self) -> np.ndarray:
        """Tell which rows repeat an earlier one in every column."""
        if "identical" not in self.made:
            self.made["identical"] = _identical(self.entries.frame)
        return self.made["identical"]


@dataclass(frozen=True)
class QualityRule:
    """One rule: what is wrong where it is broken, what to do, and which columns it needs.

    Attributes
    ----------
    ways : tuple of tuples of str
        Columns with which it can be judged, one way or another.
    broken : callable
        From the rows to one boolean a row.
    milder_without : str
        A column without which a fatal rule is only a warning.
    """

    name: str
    severity: str
    sentence: str
    ways: tuple[tuple[str, ...], ...]
    broken: Callable[[FileRows], np.ndarray]
    milder_without: str = ""

    def lacking(self, rows: FileRows) -> str:
        """Name the columns that are not there and without which the rule cannot be judged; nothing where it can."""
        absent = min(([name for name in way if name not in rows] for way in self.ways), key=len)
        return ", ".join(absent)


def _first_days(years: np.ndarray) -> np.ndarray:
    """Give the first of January of whole years in days since 1970."""
    known = ~np.isnan(years)
    whole = np.where(known, years, 1970).astype("int64") - 1970
    return np.where(known, whole.astype("datetime64[Y]").astype("datetime64[D]").astype("float64"), np.nan)


def _identical(frame: pd.DataFrame) -> np.ndarray:
    # Only rows alike in one column, and then in those that compare fast, are compared in full.
    suspect = np.arange(len(frame))
    fast = [name for name in frame.columns if frame[name].dtype != object]
    for names in ([name for name in ("patient_id", "sample_id") if name in frame], fast):
        if names and len(suspect):
            suspect = suspect[frame[names].iloc[suspect].duplicated(keep=False).to_numpy()]
    found = np.zeros(len(frame), dtype=bool)
    found[suspect[frame.iloc[suspect].duplicated().to_numpy()]] = True
    return found


def _out_of_order(rows: FileRows) -> np.ndarray:
    birth, diagnosis, contact = (rows.days(name) for name in ("birth_date", "diagnosis_date", "last_contact_date"))
    return (birth[0] > diagnosis[1]) | (diagnosis[0] > contact[1]) | (birth[0] > contact[1])


def _death_first(rows: FileRows) -> np.ndarray:
    return (rows.days("death_date")[1] < rows.days("diagnosis_date")[0]) | (rows.numbers("years") < 0)


def _impossible_age(rows: FileRows) -> np.ndarray:
    age = rows.numbers("age")
    return (age < 0) | (age > 120)


def _unusual_age(rows: FileRows) -> np.ndarray:
    age = rows.numbers("age")
    return ((age < 15) | (age > 105)) & ~_impossible_age(rows)


def _age_against_dates(rows: FileRows) -> np.ndarray:
    """Compare with every age that partial dates leave possible."""
    (born, born_last), (diagnosed, diagnosed_last), age = rows.days("birth_date"), rows.days("diagnosis_date"), rows.numbers("age")
    youngest, oldest = (diagnosed - born_last) / DAYS_PER_YEAR, (diagnosed_last - born) / DAYS_PER_YEAR
    return (age < youngest - 1) | (age > oldest + 1)


def _more_positive(rows: FileRows) -> np.ndarray:
    return rows.numbers("n_positive") > rows.numbers("n_examined")


def _same_patient(rows: FileRows) -> np.ndarray:
    """Find rows of a patient after the first, but for those that are identical, pieces of follow-up or other samples."""
    frame = rows.entries.frame
    keys = [name for name in ("patient_id", "sample_id", "entry_years") if name in frame]
    candidates = (frame["patient_id"].notna() & ~rows.identical()).to_numpy().nonzero()[0]
    repeated = candidates[frame["patient_id"].iloc[candidates].duplicated(keep=False).to_numpy()]
    found = np.zeros(len(frame), dtype=bool)
    found[repeated[frame[keys].iloc[repeated].duplicated().to_numpy()]] = True
    return found


def _another_sample(rows: FileRows) -> np.ndarray:
    frame = rows.entries.frame
    named = (frame["patient_id"].notna() & frame["sample_id"].notna()).to_numpy().nonzero()[0]
    repeated = named[frame["patient_id"].iloc[named].duplicated(keep=False).to_numpy()]
    samples = frame[["patient_id", "sample_id"]].iloc[repeated]
    found = np.zeros(len(frame), dtype=bool)
    found[repeated[(samples["patient_id"].duplicated() & ~samples.duplicated()).to_numpy()]] = True
    return found


def _after_cut_off(rows: FileRows) -> np.ndarray:
    followed = np.nan_to_num(rows.numbers("years")) * (DAYS_PER_YEAR / units_per_year(rows.time_unit))
    ends = rows.days("diagnosis_date")[0] + np.where(followed > 0, np.maximum(followed - _SLACK_DAYS[rows.time_unit], 0), 0)
    return (ends > rows.cut_off) | (rows.days("last_contact_date")[0] > rows.cut_off) | (rows.days("death_date")[0] > rows.cut_off)


def _flagged(name: str) -> Callable[[FileRows], np.ndarray]:
    return lambda rows: rows.entries.flagged(name)


def _one_without(there: str, absent: str) -> Callable[[FileRows], np.ndarray]:
    return lambda rows: ~rows.entries.missing(there) & rows.entries.missing(absent)


def _cause_of_the_living(rows: FileRows) -> np.ndarray:
    named = rows.entries.look_up("cause", lambda word: word != "none", False)
    return named & rows.entries.look_up("event", lambda word: word in {"0", "false"}, False)


QUALITY_RULES: tuple[QualityRule, ...] = (
    QualityRule(
        "dates-out-of-order", FATAL, "Birth, diagnosis and last contact are not in this order: mend the dates, or leave the rows out.",
        (("birth_date", _DIAGNOSIS), (_DIAGNOSIS, "last_contact_date"), ("birth_date", "last_contact_date")), _out_of_order),
    QualityRule(
        "death-before-diagnosis", FATAL, "Death comes before diagnosis, or follow-up is negative: mend the dates, or leave the rows out.",
        (("years",), ("death_date", _DIAGNOSIS)), _death_first),
    QualityRule(
        "age", FATAL, "Age at diagnosis is below 0 or above 120 years: declare the codes of an unknown age (as 999) as missing.", (("age",),), _impossible_age),
    QualityRule(
        "age-unusual", WARNING, "Age at diagnosis is below 15 or above 105 years: look whether it is true, and in years.", (("age",),), _unusual_age),
    QualityRule(
        "age-against-dates", WARNING, "Age differs by more than a year from that by the dates of birth and diagnosis: see which is right.",
        (("age", "birth_date", _DIAGNOSIS),), _age_against_dates),
    QualityRule(
        "positive-over-examined", WARNING, "More nodes are positive than were examined: see whether the two are exchanged, or codes read as numbers.",
        (("n_positive", "n_examined"),), _more_positive),
    QualityRule(
        "duplicate-rows", FATAL, "A row repeats an earlier one in every column: keep one of them (without patient_id they may be two patients who are alike).",
        ((),), lambda rows: rows.identical(), milder_without="patient_id"),
    QualityRule(
        "duplicate-patients", FATAL, "A patient stands in an earlier row too, with other entries: keep one row a patient (as the first primary), or name "
        "what the rows are, pieces of follow-up (entry_years) or samples (sample_id).", (("patient_id",),), _same_patient),
    QualityRule(
        "several-samples", WARNING, "A patient has further samples: keep one row a patient, or patients are counted once a sample.",
        (("patient_id", "sample_id"),), _another_sample),
    QualityRule(
        "follow-up-after-cut-off", WARNING, "Follow-up, last contact or death lies after the cut-off: see whether the cut-off or the unit of time is right.",
        (("cut_off", _DIAGNOSIS, "years"), ("cut_off", "last_contact_date"), ("cut_off", "death_date")), _after_cut_off),
    QualityRule(
        "era-against-edition", WARNING, "The edition of a nodal code does not fit the year of diagnosis or the code: see which is right.",
        (("nodal_flags",),), _flagged("EDITION_CONFLICT")),
    QualityRule(
        "size-against-code", WARNING, "The size of the nodal deposit and its code name different categories: see which is right.",
        (("nodal_flags",),), _flagged("SIZE_CODE_CONFLICT")),
    QualityRule(
        "positivity-conflict", WARNING, "One entry says positive nodes, another says none: see which is right.",
        (("nodal_flags",),), _flagged("POSITIVITY_CONFLICT")),
    QualityRule(
        "count-against-code", WARNING, "The number of nodes does not fit their code: see which is right; the category follows the code.",
        (("nodal_flags",),), _flagged("COUNT_CONFLICT")),
    QualityRule(
        "event-without-follow-up", WARNING, "How follow-up ended is known, but not when: such rows are left out; many dead among them bias survival.",
        (("event", "years"),), _one_without("event", "years")),
    QualityRule(
        "follow-up-without-event", WARNING, "Follow-up is known, but not how it ended: such rows are left out.",
        (("event", "years"),), _one_without("years", "event")),
    QualityRule(
        "cause-without-death", WARNING, "A cause of death is named where no event is: see whether death came after the cut-off, or a code was misread.",
        (("cause", "event"),), _cause_of_the_living),
)


def check_quality(frame: pd.DataFrame, cut_off: str | date | pd.Timestamp | None = None, *, time_unit: str = "years") -> pd.DataFrame:
    """Check the rows of a file by every rule of quality.

    Parameters
    ----------
    frame
        The rows under the names of the dictionary, as a source read them; its index is the position in the file, from 0. Dates are
        dates or text (2016-05-31, 2016-05 or 2016); what is missing is not judged.
    cut_off
        The last day of follow-up: a date, or text as 2018-12-31, 2018-12 or 2018 (then the last day of it).
    time_unit
        Unit of the column `years`: `days`, `months` or `years`.

    Returns
    -------
    pandas.DataFrame
        QUALITY: a row for each rule with the rows that break it; `n` is missing where a rule could not be judged, and the sentence
        names what is lacking. No value of a patient is shown.

    Raises
    ------
    UsageError
        If the cut-off is no date, or the unit of time is unknown.

    >>> found = check_quality(pd.DataFrame({"n_positive": [1, 5, 3], "n_examined": [12, 3, None]}))
    >>> found.loc[found["n"] > 0, ["rule", "severity", "n", "rows"]].to_numpy().tolist()
    [['positive-over-examined', 'warning', 1, '2']]
    """
    units_per_year(time_unit)
    rows = FileRows(Entries(frame), _last_day(cut_off), time_unit)
    return frame_of(QUALITY, [_judge(rule, rows) for rule in QUALITY_RULES])


def _last_day(cut_off: str | date | pd.Timestamp | None) -> float | None:
    if cut_off is None:
        return None
    last = day_limits(str(cut_off).strip())[1]
    if np.isnan(last):
        raise UsageError(f"the cut-off is a date, as 2018-12-31 or 2018-12, not {str(cut_off)!r}")
    return last


def _judge(rule: QualityRule, rows: FileRows) -> dict[str, object]:
    severity = WARNING if rule.milder_without and rule.milder_without not in rows else rule.severity
    lacking = rule.lacking(rows)
    if lacking:
        return {"rule": rule.name, "severity": severity, "n": None, "rows": "", "sentence": f"Not judged, for want of {lacking}."}
    broken = np.flatnonzero(rule.broken(rows))
    return {"rule": rule.name, "severity": severity, "n": len(broken), "rows": _numbered(rows.entries.frame.index, broken), "sentence": rule.sentence}


def _numbered(index: pd.Index, broken: np.ndarray) -> str:
    """Write the first row numbers; without an index of numbers they are counted in the order of the frame."""
    first = broken[:SHOWN]
    places = index.to_numpy()[first] if pd.api.types.is_integer_dtype(index) else first
    return ", ".join(str(int(place) + 1) for place in places) + (", ..." if len(broken) > SHOWN else "")
