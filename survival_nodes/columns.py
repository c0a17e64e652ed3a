"""The dictionary: every column of every frame, with its type, unit, allowed values and one sentence.

Checks, table headings and the data dictionary page (`python -m survival_nodes.columns` prints it) read this and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .nodes.categories import NODAL_CATEGORIES
from .errors import InputError, nearest
from .units import MEASURES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ENDPOINTS = ("overall", "breast-cancer", "disease-free", "distant-disease-free", "recurrence")
ESTIMANDS = ("observed", "cause-specific", "net", "cumulative-incidence", "crude-probability", "restricted-mean", "rate")
CAUSES = ("none", "breast-cancer", "other")
MARGIN_VERDICTS = ("shown", "excluded", "inconclusive")
PUBLISHED_VERDICTS = ("consistent", "differs", "inconclusive", "not comparable")
KINDS = ("text", "number", "integer", "count", "boolean", "date")
# What survival to an endpoint is called, where the estimand is the observed one.
_SURVIVAL_NAMES = {
    "overall": "overall survival", "breast-cancer": "breast-cancer-specific survival", "disease-free": "disease-free survival",
    "distant-disease-free": "distant-disease-free survival", "recurrence": "recurrence-free survival",
}


def survival_name(endpoint: str, estimand: str = "observed", cause: str | None = None) -> str:
    """Name a survival by its full name, so that observed, cause-specific and net survival are never confused.

    >>> survival_name("overall"), survival_name("overall", "cause-specific", "breast-cancer"), survival_name("overall", "net")
    ('overall survival', 'breast-cancer-specific survival', 'net survival')
    """
    if estimand == "net":
        return "net survival"
    if estimand == "cause-specific" and cause:
        return f"{cause}-specific survival"
    return _SURVIVAL_NAMES.get(endpoint, f"{endpoint} survival")


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind (one of `KINDS`), its sentence, its unit, and what it may hold."""

    name: str
    kind: str
    sentence: str
    unit: str = ""
    allowed: tuple = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    heading: str = ""


@dataclass(frozen=True)
class Schema:
    """A frame: its name, its sentence and its columns in order; `open` frames may hold further columns."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    open: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one column: the rows are numbered from 1, and no value of a patient is kept."""

    column: str
    fault: str
    n: int = 0
    rows: tuple[int, ...] = ()
    places: np.ndarray | None = field(default=None, repr=False, compare=False)

    def of_patients(self, repeats: np.ndarray | None) -> Problem:
        """Give the same counted in patients, where each row stands for so many: such a row has no number by which anybody could find it."""
        return self if repeats is None or self.places is None else replace(self, n=int(repeats[self.places].sum()), rows=())

    def __str__(self) -> str:
        if not self.n:
            return f"column {self.column!r}: {self.fault}"
        if not self.rows:
            return f"column {self.column!r}: {self.fault} for {self.n} patient{'s' * (self.n != 1)}"
        listed = ", ".join(map(str, self.rows)) + (", ..." if self.n > len(self.rows) else "")
        return f"column {self.column!r}: {self.fault} in {self.n} row{'s' * (self.n != 1)} (row {listed})"


def _text(name: str, sentence: str, allowed: tuple = (), **more) -> Column:
    return Column(name, "text", sentence, allowed=allowed, **more)


def _number(name: str, sentence: str, unit: str = "", **more) -> Column:
    return Column(name, "number", sentence, unit, **more)


def _integer(name: str, sentence: str, unit: str = "", **more) -> Column:
    return Column(name, "integer", sentence, unit, **more)


def _count(name: str, sentence: str, unit: str, heading: str) -> Column:
    return Column(name, "count", sentence, unit, minimum=0, heading=heading)


_ENDPOINT = _text("endpoint", "The event that ends follow-up; one of the usual five, or as declared by the cohort.", heading="Endpoint")
_GROUP = _text("group", "The group of patients: the bare level, several joined by ' | ', `all` where there is one.", heading="Group")
_YEARS = _number("years", "Time since diagnosis (or the cohort's own time zero).", "years", minimum=0, heading="Years")
_ESTIMAND = _text("estimand", "What is estimated; quantities of different estimands are never compared.", ESTIMANDS, heading="Estimand")
_METHOD = _text("method", "How it is estimated, with the form of its interval.", heading="Method")
_STD_ERROR = _number("std_error", "Standard error of the estimate, on the estimate's own scale.", minimum=0, heading="SE")
_LOW = _number("conf_low", "Lower end of the confidence interval.", heading="Lower limit")
_HIGH = _number("conf_high", "Upper end of the confidence interval.", heading="Upper limit")
_LEVEL = _number("conf_level", "Coverage of the interval.", "fraction", minimum=0, maximum=1, heading="Level")
_P = _number("p_value", "Two-sided p-value, unless the test's name says otherwise.", minimum=0, maximum=1, heading="p")
_N_RISK = _count("n_risk", "Patients at risk just before the time (time >= t, entry < t), or the sum of their weights.", "patients", "At risk")
_N_EVENT = _count("n_event", "Events up to and including the time, or the sum of their weights.", "events", "Events")
_N_CENSOR = _count("n_censor", "Patients censored up to and including the time, or the sum of their weights.", "patients", "Censored")
_MARGIN_UNIT = "ratio above 1, or a positive worsening"

COHORT = Schema("COHORT", "One row a patient; several only as non-overlapping (entry, exit] pieces of one patient.", (
    _text("patient_id", "Who: any text, unique unless the rows are pieces of one patient's follow-up.", required=True),
    _text("sample_id", "Which sample of the patient the row describes, where a source has a row a sample."),
    _number("years", "Follow-up from time zero to the event or to censoring.", "years", minimum=0, required=True, heading="Follow-up"),
    _number("entry_years", "When the patient came under observation (delayed entry); 0 where from the start.", "years", minimum=0),
    _integer("event", "1 the endpoint's event happened, 0 censored.", allowed=(0, 1), required=True),
    _text("cause", "What the event was; declared words, `none` where censored."),
    _text("survival_flag", "How far follow-up rests on complete dates, and whether it may be of zero days.", (
        "complete, more than zero days", "complete, zero days", "incomplete, could be zero days", "incomplete, not zero days")),
    _number("age", "Age at diagnosis.", "years", minimum=0, maximum=120, heading="Age"),
    _text("sex", "Sex.", ("female", "male"), heading="Sex"),
    Column("birth_date", "date", "Date of birth."),
    Column("diagnosis_date", "date", "Date of diagnosis."),
    Column("last_contact_date", "date", "Date when the patient was last known to be alive, or of death."),
    Column("death_date", "date", "Date of death."),
    _integer("diagnosis_year", "Calendar year of diagnosis.", "year", minimum=1900, maximum=2100, heading="Year of diagnosis"),
    _text("nodal_category", "Size class of the largest nodal deposit, or negative, or unknown.", NODAL_CATEGORIES, heading="Nodal category"),
    Column("nodal_positive", "boolean", "Whether a node holds a metastasis, even of unknown size; isolated tumour cells alone do not count."),
    _text("nodal_certainty", "Whether the evidence names one category, or a default of the policy chose it.", ("explicit", "default", "none")),
    _text("nodal_flags", "What a reader should know of how the category came about; several joined by a blank."),
    _integer("n_positive", "Lymph nodes with metastasis.", "nodes", minimum=0, maximum=90, heading="Positive nodes"),
    _integer("n_examined", "Lymph nodes examined.", "nodes", minimum=0, maximum=90, heading="Nodes examined"),
    _number("deposit_mm", "Largest diameter of the largest nodal deposit.", "mm", minimum=0, maximum=200, heading="Largest deposit"),
    _text("t_category", "T category (T0, Tis, T1 to T4, TX).", heading="T category"),
    _text("m_category", "M category (M0, M1, MX).", heading="M category"),
    _text("grade", "Histological grade.", ("1", "2", "3"), heading="Grade"),
    _text("er", "Oestrogen receptor.", ("negative", "positive"), heading="ER"),
    _text("pr", "Progesterone receptor.", ("negative", "positive"), heading="PR"),
    _text("her2", "HER2.", ("negative", "positive"), heading="HER2"),
    _text("surgery", "Surgery of the primary tumour.", ("none", "conserving", "mastectomy", "other"), heading="Surgery"),
    _text("axillary_surgery", "Surgery of the axilla.", ("none", "sentinel", "dissection", "sentinel then dissection", "other"), heading="Axillary surgery"),
    _text("radiotherapy", "Radiotherapy.", ("no", "yes"), heading="Radiotherapy"),
    _text("chemotherapy", "Chemotherapy.", ("no", "yes"), heading="Chemotherapy"),
    _text("endocrine_therapy", "Endocrine therapy.", ("no", "yes"), heading="Endocrine therapy"),
    _text("topography", "ICD-O-3 topography, as C50.4."), _integer("behaviour", "ICD-O-3 behaviour.", allowed=(0, 1, 2, 3, 6, 9)),
    _integer("sequence_number", "Sequence of this tumour among the patient's; 0 the only one.", minimum=0, maximum=99),
    _text("laterality", "Side.", ("left", "right", "bilateral", "unknown")),
    _text("confirmation", "How the diagnosis was confirmed.", ("microscopic", "clinical", "death certificate", "autopsy", "unknown")),
    _text("neoadjuvant", "Systemic treatment before surgery of the nodes.", ("no", "yes", "unknown")),
    _text("era", "Coding system in force at diagnosis, where the source stitches several."),
), open=True)

ESTIMATES = Schema("ESTIMATES", "Survival, incidence or a rate by group at chosen times.", (
    _ENDPOINT, _GROUP, _text("cause", "The cause counted as the event; missing where every event of the endpoint counts.", heading="Cause"),
    _YEARS, _ESTIMAND, _METHOD, _number("estimate", "The estimate, survival and incidence as fractions; missing beyond follow-up.", heading="Estimate"),
    _STD_ERROR, _LOW, _HIGH, _LEVEL, _N_RISK, _N_EVENT, _N_CENSOR,
))
CURVES = Schema("CURVES", "ESTIMATES at every distinct time of follow-up.", ESTIMATES.columns)
QUANTILES = Schema("QUANTILES", "Times by which a given fraction has had the event.", (
    _ENDPOINT, _GROUP, _number("prob", "The fraction with the event.", "fraction", minimum=0, maximum=1),
    _number("years", "The time; missing where not reached.", "years", minimum=0, heading="Years"), _LOW, _HIGH,
))
COEFFICIENTS = Schema("COEFFICIENTS", "Terms of a regression on the hazard.", (
    _text("term", "The term, as node[T.micro].", heading="Term"), _number("coefficient", "Log hazard ratio.", heading="Log HR"), _STD_ERROR,
    _number("robust_std_error", "Sandwich standard error; missing where the model is not robust.", minimum=0, heading="Robust SE"),
    _number("hazard_ratio", "exp(coefficient).", minimum=0, heading="HR"), _LOW, _HIGH, _LEVEL,
    _number("z", "Coefficient over its standard error (the robust one where there is one).", heading="z"),
    _integer("df", "Degrees of freedom of the term.", heading="df"), _P,
    _integer("n", "Rows the model was fitted on.", heading="N"), _integer("n_event", "Events among them.", heading="Events"),
))
TESTS = Schema("TESTS", "Tests and their p-values.", (
    _text("test", "Name of the test.", heading="Test"), _text("comparison", "What is compared: groups, a term, or GLOBAL.", heading="Comparison"),
    _number("statistic", "Test statistic (chi-square unless the test's name says otherwise).", heading="Statistic"),
    _integer("df", "Degrees of freedom.", heading="df"), _P,
    _number("p_adjusted", "p-value adjusted for the comparisons of the same frame, where that was asked for.", minimum=0, maximum=1, heading="Adjusted p"),
))
CONTRASTS = Schema("CONTRASTS", "A group against its reference, with margin and verdict where one was stated.", (
    _ENDPOINT, _text("measure", "What is contrasted.", tuple(MEASURES), heading="Measure"),
    _GROUP, _text("reference", "The group compared with.", heading="Reference"),
    _number("years", "Time of the contrast; missing where it has none (a hazard ratio).", "years", heading="Years"),
    _number("estimate", "Group minus reference, or group over reference.", heading="Estimate"), _STD_ERROR, _LOW, _HIGH,
    _number("margin", "Largest worsening that would still be called no worse.", _MARGIN_UNIT, heading="Margin"),
    _number("smallest_margin", "Smallest margin with which these data would have shown non-inferiority.", _MARGIN_UNIT, heading="Smallest margin"),
    _number(
        "p_value", "One-sided p-value of the claim (no worse than the margin; or worse); two-sided, of no difference, where there is no margin.",
        minimum=0, maximum=1, heading="p"),
    _text("verdict", "shown, excluded or inconclusive.", MARGIN_VERDICTS, heading="Verdict"),
))
PUBLISHED = Schema("PUBLISHED", "Published rates and ratios, a row a printed figure.", (
    _text("rate_id", "Stable name of the figure.", required=True), _text("study", "The study.", required=True, heading="Study"),
    _text("doi", "DOI, PMID or address of the source.", heading="DOI"), _text("country", "Where the patients were.", heading="Country"),
    _text("accrual", "Years of diagnosis, as stated.", heading="Accrual"),
    _text("category", "Nodal category or stage, in few fixed spellings.", heading="Category"), _text("population", "Who, in words.", heading="Population"),
    _ENDPOINT, _ESTIMAND, _METHOD, _YEARS,
    _number("estimate", "Survival or incidence.", "fraction", minimum=0, maximum=1, heading="Published"), _LOW, _HIGH, _LEVEL,
    _number("ratio", "A ratio against the reference.", minimum=0, heading="Ratio"), _number("ratio_low", "Lower end of the ratio's interval.", minimum=0),
    _number("ratio_high", "Upper end of the ratio's interval.", minimum=0), _text("ratio_kind", "What is divided by what.", heading="Kind of ratio"),
    _text("reference", "The group compared with.", heading="Reference"), _text("adjusted_for", "Covariates of the ratio."),
    _integer("n", "Patients in the group, where stated.", "patients", heading="N"),
    _text("tier", "How the figure was verified: A primary text, B professional summary, C tertiary copy.", ("A", "B", "C"), required=True, heading="Tier"),
    _text("ship", "yes, or with_caveat: shown only on request.", ("yes", "with_caveat"), required=True), _text("note", "What a reader should know."),
))
COMPARISONS = Schema("COMPARISONS", "An estimate beside a published figure of the same quantity.", (
    _ENDPOINT, _GROUP, _text("rate_id", "The published figure.", heading="Published figure"), _YEARS, _ESTIMAND,
    _number("observed", "Estimate from the cohort.", "fraction", heading="Cohort"), _number("observed_low", "Lower end of its interval.", "fraction"),
    _number("observed_high", "Upper end of its interval.", "fraction"), _number("published", "Published figure.", "fraction", heading="Published"),
    _number("published_low", "Lower end of its interval.", "fraction"), _number("published_high", "Upper end of its interval.", "fraction"),
    _number("difference", "Cohort minus published.", "fraction", heading="Difference"), _number("difference_low", "Lower end of its interval.", "fraction"),
    _number("difference_high", "Upper end of its interval.", "fraction"),
    _text("verdict", "consistent, differs, inconclusive or not comparable.", PUBLISHED_VERDICTS, heading="Verdict"),
    _text("reason", "Why, in a sentence.", heading="Reason"),
))
COUNTS = Schema("COUNTS", "Patients who enter, leave and fail, by group and time, in ticks of the cohort's own clock.", (
    _GROUP, _integer("ticks", "Time in ticks; -1 for those at risk from the origin."),
    _text("kind", "`enter`, `censor`, or the cause."), _integer("n", "How many.", "patients", minimum=0),
))
QUALITY = Schema("QUALITY", "Rules of quality and the rows of a file that break them.", (
    _text("rule", "Name of the rule.", required=True, heading="Rule"),
    _text("severity", "fatal: survival or identity would be wrong; warning: to be looked at.", ("fatal", "warning"), required=True, heading="Severity"),
    _integer("n", "Rows that break the rule; missing where it could not be judged.", "rows", minimum=0, heading="Rows"),
    _text("rows", "Numbers of the first ten such rows, from 1, then `...`.", heading="Row numbers"),
    _text("sentence", "What is wrong and what to do, or why the rule was not judged.", required=True, heading="What to do"),
))
SCHEMAS = (COHORT, ESTIMATES, CURVES, QUANTILES, COEFFICIENTS, TESTS, CONTRASTS, PUBLISHED, COMPARISONS, COUNTS, QUALITY)


def frame_of(schema: Schema, rows: Iterable[dict] | dict) -> pd.DataFrame:
    """Build a frame with exactly the columns of a schema, in order; a column not given is missing throughout.

    Parameters
    ----------
    schema
        One of `SCHEMAS`.
    rows
        Dicts of values, or one dict of equally long columns; a name that is not in the schema is a KeyError (a defect of ours).
    """
    import numpy as np
    import pandas as pd

    if not isinstance(rows, dict):
        rows = list(rows)
        rows = {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}
    if stray := [name for name in rows if name not in schema.names]:
        raise KeyError(f"{schema.name} has no column {stray}")
    n = max((len(values) for values in rows.values() if np.ndim(values)), default=min(1, len(rows)))
    index = next((values.index for values in rows.values() if isinstance(values, pd.Series)), None)
    return pd.DataFrame({
        column.name: _typed(rows[column.name], column.kind, n) if column.name in rows else np.full(n, None if column.kind == "text" else np.nan)
        for column in schema.columns}, index=index)


def _typed(values: object, kind: str, n: int) -> object:
    """Give a column its type; a single value stands in every row."""
    import numpy as np
    import pandas as pd

    if kind == "text":
        words, missing = np.asarray(values, dtype=object), np.asarray(pd.isna(values))
        return np.broadcast_to(np.where(missing, None, words) if missing.any() else words, (n,))
    values = values if np.ndim(values) else np.full(n, values)
    if isinstance(values, np.ndarray) and values.dtype.kind == {"number": "f", "integer": "i", "count": "i"}.get(kind):
        return values.astype("float64" if kind == "number" else "int64", copy=False)
    missing = (values := pd.Series(values)).isna().to_numpy()
    if kind == "count" and values.dtype.kind == "f" and not (values[~missing] % 1 == 0).all():
        kind = "number"  # the sum of weights that are not whole
    if kind in {"integer", "count"}:
        return values.astype("Int64" if missing.any() else "int64").array
    return values.to_numpy(dtype="float64", na_value=np.nan) if kind == "number" else values.array


def check(frame: pd.DataFrame, schema: Schema = COHORT) -> tuple[Problem, ...]:
    """Check a frame against its schema and give every problem at once: columns, kinds, ranges and allowed values.

    Rows are numbered from 1. Missing values are problems only in required columns.
    """
    problems: list[Problem] = []
    for column in schema.columns:
        if column.name not in frame:
            if column.required:
                problems.append(Problem(column.name, "is not there" + nearest(column.name, frame.columns)))
            continue
        problems.extend(_check_column(frame[column.name], column))
    if not schema.open:
        problems.extend(Problem(str(name), f"does not belong to {schema.name}") for name in frame.columns if name not in schema.names)
    return tuple(problems)


def require(frame: pd.DataFrame, schema: Schema) -> None:
    """Raise InputError with every problem that `check` finds, or return nothing."""
    problems = check(frame, schema)
    if problems:
        raise InputError("; ".join(map(str, problems)))


def problem_at(column: str, fault: str, wrong: pd.Series) -> list[Problem]:
    """Turn a boolean Series of wrong rows into at most one problem, with the first five row numbers."""
    places, rows = wrong.to_numpy(dtype=bool), [0]
    while len(rows) < 6 and places[rows[-1]:].any():  # the first few alone: a list of all may be long
        rows.append(rows[-1] + int(places[rows[-1]:].argmax()) + 1)
    return [Problem(column, fault, int(places.sum()), tuple(rows[1:]), places)] if len(rows) > 1 else []


def _check_column(values: pd.Series, column: Column) -> list[Problem]:
    missing = values.isna()
    problems = problem_at(column.name, "missing", missing) if column.required else []
    present = values
    if column.kind in {"number", "integer", "count"}:
        numbers = _numbers(values, missing)
        infinite = (numbers == float("inf")) | (numbers == -float("inf"))
        problems += problem_at(column.name, f"not a number ({column.sentence.rstrip('.')})", (numbers.isna() & ~missing) | infinite)
        if column.kind == "integer":
            problems += problem_at(column.name, "not a whole number", numbers.notna() & ~infinite & (numbers % 1 != 0))
        present = numbers.where(~infinite) if infinite.any() else numbers
        missing, unit = present.isna(), f" {column.unit}" if column.unit else ""
        if column.minimum is not None:
            problems += problem_at(column.name, f"below {column.minimum:g}{unit}", present < column.minimum)
        if column.maximum is not None:
            problems += problem_at(column.name, f"above {column.maximum:g}{unit}", present > column.maximum)
    elif column.kind == "date":
        problems += problem_at(column.name, "not a date (write them as 2016-05-31)", _no_dates(values) & ~missing)
    elif column.kind == "boolean":
        problems += problem_at(column.name, "neither true nor false", ~missing & ~values.isin([True, False]))
    elif column.allowed:
        present = _spelled(values)
    if column.allowed:
        problems += problem_at(column.name, f"not one of {', '.join(map(str, column.allowed))}", ~missing & ~present.isin(column.allowed))
    return problems


def _numbers(values: pd.Series, missing: pd.Series) -> pd.Series:
    """Give values as floats, missing where they are none; numbers are taken as they are."""
    import pandas as pd

    if values.dtype.kind in "if":
        return values.astype("float64", copy=False)
    return pd.to_numeric(values.astype("object").where(~missing), errors="coerce").astype("float64")


def _no_dates(values: pd.Series) -> pd.Series:
    """Tell which values are no dates; of text a year, or a year and a month, is as much of a date as was recorded."""
    import pandas as pd

    if values.dtype.kind == "M":
        return values.isna()
    text = values.astype("object")
    parts = text.map(lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}(-\d{2})?", value) is not None)
    return pd.to_datetime(text.mask(parts), errors="coerce").isna() & ~parts


def _spelled(values: pd.Series) -> pd.Series:
    """Give values as text, a whole number without decimals (grade 1.0 is '1'); distinct values are converted once."""
    if hasattr(values, "cat") and all(isinstance(word, str) for word in values.cat.categories):
        return values
    words = {value: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in values.dropna().unique()}
    return values.astype(object).map(words)


def dictionary_page() -> str:
    """Write the data dictionary as Markdown, from the schemas alone."""
    lines = ["# Data dictionary", "", "Made from `survival_nodes/columns.py` by `make docs`; do not edit it by hand."]
    for schema in SCHEMAS:
        more = " Further columns are kept as they are." * schema.open
        lines += ["", f"## {schema.name}", "", schema.sentence + more, "", "| column | type | unit | allowed | meaning |", "|---|---|---|---|---|"]
        for column in schema.columns:
            limits = ", ".join(f"`{value}`" for value in column.allowed) or _range(column)
            name = f"**{column.name}**" if column.required else column.name
            lines.append(f"| {name} | {column.kind} | {column.unit} | {limits} | {column.sentence.replace('|', '&#124;')} |")
    return "\n".join([*lines, "", "Bold: required.", ""])


def _range(column: Column) -> str:
    low, high = column.minimum, column.maximum
    return "" if low is None else f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


if __name__ == "__main__":
    print(dictionary_page(), end="")
