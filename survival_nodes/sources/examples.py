"""Example cohorts: two of real patients, one synthetic; nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources

import pandas as pd

from ..cohort import Cohort, InputFile, Origin
from ..data_files import data_file, sha256
from ..errors import UsageError, unknown_name
from .delimited import read_text_table
from .mapping import CohortSetting, Mapping, Units
from .own_file import cohort_of

SYNTHETIC_SIZE, SYNTHETIC_SEED = 20_000, 2026  # fixed before anything was estimated from them
_SEDMAK = Mapping(
    columns={"patient_id": "patient", "years": "months", "event": "death"}, units=Units(time="months"), levels={"ihc": ("negative", "positive")},
    cohort=CohortSetting(citation="Sedmak DD et al. Mod Pathol 1989;2:516-520, as printed in Klein JP, Moeschberger ML. Survival Analysis, section 1.5"))


@dataclass(frozen=True)
class Example:
    """An example cohort: its name, one sentence, and how it is made."""

    name: str
    title: str
    make: Callable[[], Cohort]


def example(name: str) -> Cohort:
    """Give an example cohort.

    Parameters
    ----------
    name
        * `sedmak-1989`: 45 women, axillary nodes negative by routine histology; `ihc` says what immunohistochemistry found
          (`negative`, `positive`); overall survival in months.
        * `gbsg2`: 686 women with positive nodes, recurrence-free survival in days; `positive_nodes` (`1-3`, `4-9`, `10+`),
          `n_positive`, `age`, `menopausal_status`, `tumour_size_mm`, `grade`, `oestrogen_receptor` and `progesterone_receptor`
          (fmol/mg), `endocrine_therapy`.
        * `synthetic`: `synthesize(20_000, seed=2026)`.

    Raises
    ------
    UsageError
        If there is no example of that name.

    >>> example("sedmak-1989")
    Cohort of 45 patients: endpoint overall, 24 events, follow-up in months
    """
    by_name = {each.name: each for each in EXAMPLES}
    if name not in by_name:
        raise UsageError(unknown_name("example", name, by_name))
    return by_name[name].make()


def _sedmak_1989() -> Cohort:
    cohort = cohort_of(read_text_table(data_file("sedmak_1989.csv")), _SEDMAK, source="sedmak-1989")
    note = "45 women with node-negative breast cancer by routine histology; immunohistochemistry found occult nodal metastases in 9."
    return replace(cohort, origin=replace(cohort.origin, notes=(note,)))


def _gbsg2() -> Cohort:
    """Read the trial's 686 women from the copy that comes with lifelines, which is imported late."""
    from lifelines.datasets import load_gbsg2

    theirs = load_gbsg2()
    path = resources.files("lifelines") / "datasets" / "gbsg2.csv"
    with resources.as_file(path) as file:
        files = (InputFile("gbsg2.csv", sha256(file), len(theirs)),)
    origin = Origin(
        source="gbsg2", files=files,
        citation="Schumacher M et al. J Clin Oncol 1994;12:2086-2093 (German Breast Cancer Study Group 2; data as in Sauerbrei W, Royston P. "
                 "J R Stat Soc A 1999;162:71-94)",
        notes=("686 women with positive nodes, from the data sets of lifelines; the event is recurrence or death.",))
    return Cohort.from_frame(_gbsg2_in_our_words(theirs), time_unit="days", endpoint="recurrence", origin=origin)


def _gbsg2_in_our_words(theirs: pd.DataFrame) -> pd.DataFrame:
    groups = pd.cut(theirs["pnodes"], [0, 3, 9, float("inf")], labels=["1-3", "4-9", "10+"])
    return pd.DataFrame({
        "patient_id": [str(number) for number in range(1, len(theirs) + 1)],
        "years": theirs["time"],
        "event": theirs["cens"],
        "positive_nodes": pd.Categorical(groups, categories=["1-3", "4-9", "10+"]),
        "n_positive": theirs["pnodes"],
        "age": theirs["age"],
        "sex": "female",
        "menopausal_status": pd.Categorical(theirs["menostat"].map({"Pre": "pre", "Post": "post"}), categories=["pre", "post"]),
        "tumour_size_mm": theirs["tsize"],
        "grade": theirs["tgrade"].map({"I": "1", "II": "2", "III": "3"}),
        "oestrogen_receptor": theirs["estrec"],
        "progesterone_receptor": theirs["progrec"],
        "endocrine_therapy": theirs["horTh"],
    })


def _synthetic() -> Cohort:
    from .synthetic import synthesize

    return synthesize(SYNTHETIC_SIZE, SYNTHETIC_SEED)


EXAMPLES = (
    Example("sedmak-1989", "45 women, node-negative by routine histology, occult metastases by immunohistochemistry: overall survival", _sedmak_1989),
    Example("gbsg2", "686 women with positive nodes (German Breast Cancer Study Group 2): recurrence-free survival", _gbsg2),
    Example("synthetic", "20 000 synthetic women, node-negative to macrometastasis: survival and cause of death", _synthetic),
)
