"""Cohort rules: who belongs in an analysis, as named rules that can be counted one by one, and the sets in which they are used.

The default set is the usual one of registry studies of nodal category: women with a first, unilateral, invasive and microscopically
confirmed breast cancer without distant metastasis, operated on before any systemic treatment, whose nodes were examined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..columns import COHORT
from ..errors import InputError
from ..units import format_count
from .entries import Entries, day_limits

KEPT = -1
_BREAST = re.compile(r"c50(\.?[0-9])?")
_START_OF_2004 = day_limits("2004")[0]
_M0 = re.compile(r"([cpyra]*m)?0(\(i\+\)|i\+)?")


@dataclass(frozen=True)
class CohortRule:
    """One rule: whom it keeps, and in which words it says why the others are left out.

    Attributes
    ----------
    name, sentence : str
        What it is called, and whom it keeps.
    columns : tuple of str
        The columns it reads.
    subject, faults : str, tuple of str
        Why a patient is left out: the subject and one of the faults, as "sex is" and "not recorded".
    judge : callable
        From the entries of the rows to an integer a row: `KEPT`, or the place of the fault.
    one_column_is_enough : bool
        Whether the rule can be judged with any of its columns; else it needs all.
    essential : str
        What must be known of somebody for a selection to make sense; where nothing tells it, the selection is refused.
    """

    name: str
    sentence: str
    columns: tuple[str, ...]
    subject: str
    faults: tuple[str, ...]
    judge: Callable[[Entries], np.ndarray]
    one_column_is_enough: bool = False
    essential: str = ""

    def keep(self, rows: pd.DataFrame) -> pd.Series:
        """Tell for each row whether the rule keeps it."""
        return pd.Series(self.judge(Entries(rows)) == KEPT, index=rows.index)

    @property
    def reason(self) -> str:
        """Why patients are left out, without counts.

        >>> find_rule("female").reason
        'sex is male or other, or not recorded'
        """
        return f"{self.subject} {', or '.join(self.faults)}"

    def reason_with(self, counts: Sequence[int]) -> str:
        """Say why patients were left out, with how many by each fault.

        >>> find_rule("female").reason_with((12, 3)), find_rule("female").reason_with((0, 0))
        ('sex is male or other (12), not recorded (3)', 'sex is male or other, or not recorded')
        """
        said = [f"{fault} ({format_count(n)})" for fault, n in zip(self.faults, counts) if n]
        return f"{self.subject} {', '.join(said)}" if said else self.reason

    def lacking(self, entries: Entries) -> str:
        """Say which column the rule would need and does not find; nothing where it can be judged."""
        absent = [name for name in self.columns if not _speaks(entries, name)]
        if not absent or (self.one_column_is_enough and len(absent) < len(self.columns)):
            return ""
        if absent == ["nodal_flags"] and "nodal_flags" in entries:
            return "column 'nodal_flags' is empty"
        return f"there is no column {' or '.join(map(repr, absent))}"

    def check_words(self, entries: Entries) -> None:
        """Raise InputError where a column holds words, and none of them is the dictionary's: it would leave out, or keep, everybody."""
        for name in self.columns:
            if name not in entries or name not in COHORT.names or not COHORT[name].allowed or COHORT[name].kind == "boolean":
                continue
            allowed = [str(word) for word in COHORT[name].allowed]
            words = {word.casefold() for word in entries.words(name)[1] if word}
            if words and words.isdisjoint(allowed):
                raise InputError(f"the rule {self.name!r} cannot be applied: column {name!r} holds none of {', '.join(allowed)}; "
                                 f'recode it, or leave the rule out by name: without=("{self.name}",)')


def _speaks(entries: Entries, name: str) -> bool:
    """Whether a column is there; flags that are missing throughout were never given, while an entry without any is written as nothing."""
    return name in entries and not (name == "nodal_flags" and len(entries) and bool(entries.frame[name].isna().all()))


def _by_entry(name: str, sentence: str, column: str, subject: str, faults: tuple[str, ...], place: Callable[[str], int]) -> CohortRule:
    """Make a rule on one column: `place` says of an entry in small letters whether it is kept, or which fault it is."""
    unknown = len(faults)
    return CohortRule(name, sentence, (column,), subject, (*faults, "not recorded"), lambda entries: entries.look_up(column, place, unknown))


def _by_flags(name: str, sentence: str, subject: str, faults: Mapping[str, str]) -> CohortRule:
    """Make a rule on the flags of the nodal category, each with what it says; the first that holds is the reason."""
    def judge(entries: Entries) -> np.ndarray:
        found = np.full(len(entries), KEPT)
        for place, name in reversed(list(enumerate(faults))):
            found[entries.flagged(name)] = place
        return found

    return CohortRule(name, sentence, ("nodal_flags",), subject, tuple(faults.values()), judge)


def _known_category(entries: Entries) -> np.ndarray:
    if "nodal_category" not in entries:
        return np.zeros(len(entries), dtype=bool)
    return entries.look_up("nodal_category", lambda word: word != "unknown", False)


def _flagged(entries: Entries, *flags: str) -> np.ndarray:
    return entries.flagged(*flags) if "nodal_flags" in entries else np.zeros(len(entries), dtype=bool)


def _examined(entries: Entries) -> np.ndarray:
    """Judge by the count, and where it is not known by what the nodal category rests on.

    A registry that records that nodes were removed, but not how many, leaves the count open; the classifier then raises none of the
    flags by which a category would rest on less than a node under the microscope.
    """
    counted = entries.numbers("n_examined") if "n_examined" in entries else np.full(len(entries), np.nan)
    by_microscope = np.zeros(len(entries), dtype=bool)
    if _speaks(entries, "nodal_flags"):
        by_microscope = _known_category(entries) & ~entries.flagged("EXAMINED_UNKNOWN", "BASIS_UNSPECIFIED", "CLINICAL_ONLY", "FNA_ONLY")
    found = np.where((counted >= 1) | (np.isnan(counted) & by_microscope), KEPT, 2)
    found[(found == 2) & _flagged(entries, "FNA_ONLY")] = 1
    found[(counted == 0) | _flagged(entries, "NOT_EXAMINED")] = 0
    return found


def _before_treatment(entries: Entries) -> np.ndarray:
    """Judge by the column, and where it does not tell by the flags: the classifier says NEOADJ_UNKNOWN of every category of which nothing told."""
    told = {"no": KEPT, "yes": 0, "unknown": 1}
    found = entries.look_up("neoadjuvant", lambda word: told.get(word, 1), 2) if "neoadjuvant" in entries else np.full(len(entries), 2)
    if "nodal_flags" in entries and entries.words("nodal_flags")[1] not in ([], [""]):
        found[(found > 0) & _known_category(entries) & ~entries.flagged("NEOADJ_UNKNOWN")] = KEPT
        found[entries.flagged("POST_NEOADJUVANT")] = 0
    return found


def _not_known_treated(entries: Entries) -> np.ndarray:
    return np.where(_before_treatment(entries) == 0, 0, KEPT)


def _from_2004(entries: Entries) -> np.ndarray:
    """Judge by the year, and where it is not known by the date."""
    late, early = np.zeros(len(entries), dtype=bool), np.zeros(len(entries), dtype=bool)
    if "diagnosis_date" in entries:
        first, last = entries.days("diagnosis_date")
        late, early = first >= _START_OF_2004, last < _START_OF_2004
    if "diagnosis_year" in entries:
        year = entries.numbers("diagnosis_year")
        late, early = np.where(np.isnan(year), late, year >= 2004), np.where(np.isnan(year), early, year < 2004)
    return np.where(late, KEPT, np.where(early, 0, 1))


def _followed(entries: Entries) -> np.ndarray:
    return np.where(np.isnan(entries.numbers("years")) | entries.missing("event"), 0, KEPT)


def _without_itc(entries: Entries) -> np.ndarray:
    negative = entries.look_up("nodal_category", lambda word: word == "negative", False)
    found = np.where(negative & entries.flagged("ITC_NOT_EXCLUDED"), 0, KEPT)
    return np.where(entries.missing("nodal_category"), 1, found)


def _macro_named(entries: Entries) -> np.ndarray:
    macro = entries.look_up("nodal_category", lambda word: word == "macro", False)
    certain = entries.look_up("nodal_certainty", lambda word: KEPT if word == "explicit" else 0, 1)
    return np.where(entries.missing("nodal_category"), 1, np.where(macro, certain, KEPT))


def _one_of(kept: set[str], others: Mapping[str, int] = MappingProxyType({}), otherwise: int = 0) -> Callable[[str], int]:
    return lambda word: KEPT if word in kept else others.get(word, otherwise)


COHORT_RULES: tuple[CohortRule, ...] = (
    _by_entry("female", "Women.", "sex", "sex is", ("male or other",), _one_of({"female"})),
    _by_entry("invasive", "Invasive tumours (behaviour 3).", "behaviour", "behaviour is", ("other than 3",), _one_of({"3"})),
    _by_entry(
        "breast", "Tumours of the breast (C50.0 to C50.9, also written C504 or C50).", "topography", "topography is", ("outside the breast",),
        lambda word: KEPT if _BREAST.fullmatch(word) else 0),
    _by_entry(
        "microscopically-confirmed", "Diagnoses made under the microscope; those by death certificate or autopsy are left to the next rule.",
        "confirmation", "confirmation is", ("clinical only", "unknown"), _one_of({}, {"clinical": 0, "unknown": 1}, KEPT)),
    _by_entry(
        "not-death-certificate-or-autopsy", "Diagnoses made in life.", "confirmation", "confirmation is", ("by death certificate only", "by autopsy only"),
        _one_of({}, {"death certificate": 0, "autopsy": 1}, KEPT)),
    _by_entry(
        "first-primary", "The only tumour of the patient, or the first of several (sequence number 0 or 1).", "sequence_number", "sequence number is",
        ("neither 0 nor 1",), lambda word: KEPT if word.lstrip("0") in {"", "1"} else 0),
    _by_entry(
        "unilateral", "Tumours of one side.", "laterality", "side is", ("both", "unknown"), _one_of({"left", "right"}, {"bilateral": 0}, 1)),
    _by_entry(
        "m0", "No distant metastasis (M0, also M0(i+), cM0, pM0).", "m_category", "M category is", ("M1", "MX or another"),
        lambda word: KEPT if _M0.fullmatch(re.sub(r"\s", "", word)) else 0 if "1" in word else 1),
    _by_entry("surgery", "The primary tumour was operated on.", "surgery", "surgery is", ("none",), _one_of({}, {"none": 0}, KEPT)),
    CohortRule(
        "nodes-examined", "At least one node was examined under the microscope, by the count or, where it is not known, by what the category rests on.",
        ("n_examined", "nodal_flags"), "examined nodes are", ("none", "aspirated only", "not recorded"), _examined, one_column_is_enough=True),
    CohortRule(
        "no-neoadjuvant", "No systemic treatment came before surgery of the nodes; patients of whom that is not known are left out.",
        ("neoadjuvant", "nodal_flags"), "systemic treatment before surgery is", ("given", "unknown", "not recorded"), _before_treatment,
        one_column_is_enough=True, essential="whether systemic treatment came before surgery of the nodes"),
    CohortRule(
        "no-known-neoadjuvant", "No systemic treatment is known to have come before surgery; patients of whom that is not known are kept.",
        ("neoadjuvant", "nodal_flags"), "systemic treatment before surgery is", ("given",), _not_known_treated, one_column_is_enough=True),
    _by_flags(
        "no-recurrence-or-autopsy-staging", "The nodal category is that of the first treatment, not of a recurrence or an autopsy.",
        "nodal category describes", {"RECURRENCE": "a recurrence", "AUTOPSY": "an autopsy"}),
    _by_flags(
        "no-clinical-prefix", "The prefix of the nodal category is not clinical.", "nodal category has",
        {"CLINICAL_PREFIX_MICROSCOPIC": "a clinical prefix, though found under the microscope"}),
    _by_entry("known-category", "The nodal category is known.", "nodal_category", "nodal category is", ("unknown",), _one_of({}, {"unknown": 0}, KEPT)),
    CohortRule("survival-known", "Follow-up and its end are known.", ("years", "event"), "survival is", ("not recorded",), _followed),
    _by_entry(
        "t-known", "The T category is known.", "t_category", "T category is", ("TX or unknown",),
        lambda word: 0 if word.endswith("x") or word == "unknown" else KEPT),
    _by_flags(
        "edition-6-or-later", "Coded by the 6th AJCC edition or a later one, in which isolated tumour cells have a class of their own.", "edition is",
        {"EDITION_PRE6": "the 5th or older", "EDITION_CONFLICT": "at odds with the year of diagnosis or the code"}),
    CohortRule(
        "diagnosed-2004-or-later", "Diagnosed in 2004 or later, when registries coded the size of deposits.", ("diagnosis_year", "diagnosis_date"),
        "year of diagnosis is", ("before 2004", "not recorded"), _from_2004, one_column_is_enough=True),
    _by_flags(
        "molecular-positive-left-out", "No molecular test was positive where histology was negative.", "molecular test is",
        {"MOLECULAR_POSITIVE": "positive, histology negative"}),
    _by_flags("no-count-conflict", "The numbers of nodes fit the nodal category.", "number of nodes is", {"COUNT_CONFLICT": "at odds with the nodal category"}),
    CohortRule(
        "itc-excluded-in-negatives", "Node-negative only where isolated tumour cells were excluded, as N0(i-); other categories are kept.",
        ("nodal_category", "nodal_flags"), "nodal category is", ("negative without isolated tumour cells excluded", "not recorded"), _without_itc),
    _by_entry(
        "explicit-category", "The evidence itself names the nodal category, of whatever size; so plain N0 goes too.", "nodal_certainty", "nodal category is",
        ("a default of the policy", "open"), _one_of({"explicit"}, {"default": 0}, 1)),
    CohortRule(
        "explicit-macro", "Macrometastasis only where the evidence itself names it; other categories are kept.", ("nodal_category", "nodal_certainty"),
        "nodal category is", ("macrometastasis by a default of the policy", "not recorded"), _macro_named),
)
_BY_NAME = {rule.name: rule for rule in COHORT_RULES}
_DEFAULT = (
    "female", "invasive", "breast", "microscopically-confirmed", "not-death-certificate-or-autopsy", "first-primary", "unilateral", "m0", "surgery",
    "nodes-examined", "no-neoadjuvant", "no-recurrence-or-autopsy-staging", "no-clinical-prefix", "known-category", "survival-known")
_CLAIMS = ("edition-6-or-later", "diagnosed-2004-or-later")
_ITC_MICRO = (*_DEFAULT, *_CLAIMS, "molecular-positive-left-out", "no-count-conflict")
RULE_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "default": _DEFAULT,
    "itc-micro": _ITC_MICRO,
    "itc-micro-primary": (*_ITC_MICRO, "itc-excluded-in-negatives"),
    "macro-explicit": (*_DEFAULT, *_CLAIMS, "explicit-macro"),
})


def find_rule(name: str) -> CohortRule | None:
    """Give the rule of a name, or nothing."""
    return _BY_NAME.get(name)


def cohort_rules() -> pd.DataFrame:
    """List the rules in the order in which sets apply them: name, sentence, columns and the sets they belong to (joined by ', ').

    >>> cohort_rules().loc[0].tolist()
    ['female', 'Women.', 'sex', 'default, itc-micro, itc-micro-primary, macro-explicit']
    """
    rows = [
        (rule.name, rule.sentence, ", ".join(rule.columns), ", ".join(title for title, names in RULE_SETS.items() if rule.name in names))
        for rule in COHORT_RULES]
    return pd.DataFrame(rows, columns=["name", "sentence", "columns", "sets"])
