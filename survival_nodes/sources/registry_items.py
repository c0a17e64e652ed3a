"""Items that several registries share: what they say of treatment before surgery, and of the cause of death."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..columns import CAUSES
from ..units import format_count
from .layout import code_key
from .text_columns import distinct

# What each code says of systemic treatment before surgery of the nodes, written without leading noughts. A code that is not listed says nothing.
# NAACCR 1639 (systemic treatment and surgery, which first), 1632 (neoadjuvant therapy, from 2021 on; radiotherapy counts there), 920 (descriptor of the
# pathological TNM: 4 is y, 6 is m and y), 2840 (evaluation of the nodes in Collaborative Stage), 2875 with its successor 3922 (SSF21, response).
# https://staging.seer.cancer.gov/naaccr/item/eod_public/3.2/1632/ and .../1639/, .../3922/; 920: California Cancer Reporting System Standards, volume III.
# 1632 code 3 is a short exposure that was not meant as such a treatment: it did come before, so whether the nodes had changed is not known.
_TOLD: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "systemic_sequence": {"0": "no", "2": "yes", "3": "no", "4": "yes", "5": "no", "6": "unknown", "7": "yes", "9": "unknown"},
    "neoadjuvant_therapy": {"0": "no", "1": "yes", "2": "yes", "3": "unknown", "9": "unknown"},
    "path_descriptor": {"4": "yes", "6": "yes"},
    "cs_eval": {"5": "yes", "6": "yes"},
    "ssf21": {"10": "yes", "20": "yes", "25": "yes", "30": "yes", "987": "no"},
    "neoadjuvant_response": {"0": "no", "1": "yes", "2": "yes", "3": "yes", "4": "yes"},
})
_WORDS = ("no", "yes", "unknown")
_STRENGTH = {"yes": 3, "no": 2, "unknown": 1}  # an item that knows of treatment counts more than one that does not
_NOT_TOLD = (8, 9)


def neoadjuvant_of(raw: pd.DataFrame) -> pd.Series | None:
    """Tell whether systemic treatment came before surgery, from the codes of the items that ask for it.

    Parameters
    ----------
    raw : DataFrame
        Text, missing values None. Looked at are `systemic_sequence` (NAACCR 1639), `neoadjuvant_therapy` (1632), `path_descriptor`
        (920), `cs_eval` (2840), `ssf21` (2875) and `neoadjuvant_response` (3922), as far as they are there.

    Returns
    -------
    Series or None
        `no`, `yes`, `unknown`, missing where no item says anything; None where there is no such item.

    >>> neoadjuvant_of(pd.DataFrame({"systemic_sequence": ["3", "9", None], "cs_eval": ["6", None, "3"]})).tolist()
    ['yes', 'unknown', nan]
    """
    there = [name for name in _TOLD if name in raw]
    if not there:
        return None
    strongest = np.zeros(len(raw), dtype=np.int8)
    for name in there:
        codes, words = distinct(raw[name])
        told = np.array([*(_STRENGTH.get(_TOLD[name].get(code_key(str(word)), ""), 0) for word in words), 0], dtype=np.int8)
        strongest = np.maximum(strongest, told[codes])
    place = np.array([-1, _WORDS.index("unknown"), _WORDS.index("no"), _WORDS.index("yes")])
    return pd.Series(pd.Categorical.from_codes(place[strongest], categories=list(_WORDS)), index=raw.index, name="neoadjuvant")


def cause_of(vital: pd.Series, cause_specific: pd.Series | None = None, other_cause: pd.Series | None = None) -> tuple[pd.Series, tuple[str, ...]]:
    """Put the two classifications of SEER together into a cause of death.

    Parameters
    ----------
    vital
        `alive`, `dead`, or missing.
    cause_specific, other_cause
        Codes of NAACCR 1914 and 1915, each None where there is no such item: 1 died of this cancer (of another cause), 0 did not,
        8 the cause is not known, 9 not applicable.

    Returns
    -------
    cause : Series
        `none` (alive), `breast-cancer`, `other`; missing where the cause is not known or the items contradict each other. It is
        never taken as censored.
    said : tuple of str
        How many contradict each other.

    >>> dead = pd.Series(["dead", "dead", "dead", "alive"])
    >>> cause_of(dead, pd.Series(["1", "0", "8", "0"]), pd.Series(["0", "1", "8", "0"]))[0].tolist()
    ['breast-cancer', 'other', nan, 'none']
    """
    alive, dead = (_is(vital, word) for word in ("alive", "dead"))
    this, rest = _classes(cause_specific, len(vital)), _classes(other_cause, len(vital))
    of_this, of_rest = this == 1, rest == 1
    contradictory = (of_this & of_rest) | (alive & (of_this | of_rest)) | (dead & (this == 0) & (rest == 0))
    clear = dead & ~contradictory & ~np.isin(this, _NOT_TOLD) & ~np.isin(rest, _NOT_TOLD)
    place = np.full(len(vital), -1)
    place[alive & ~contradictory] = CAUSES.index("none")
    place[clear & (of_this | ((this == -1) & (rest == 0)))] = CAUSES.index("breast-cancer")
    place[clear & (of_rest | ((rest == -1) & (this == 0)))] = CAUSES.index("other")
    n = int(contradictory.sum())
    rows = f"{format_count(n)} row{'s' * (n != 1)}"
    said = (f"vital status and the classifications of the cause of death contradict each other in {rows}; the cause is read as missing",)
    cause = pd.Series(pd.Categorical.from_codes(place, categories=list(CAUSES)), index=vital.index, name="cause")
    return cause, said if n else ()


def _is(values: pd.Series, wanted: str) -> np.ndarray:
    codes, words = distinct(values)
    return np.array([*(word == wanted for word in words), False], dtype=bool)[codes]


def _classes(values: pd.Series | None, n: int) -> np.ndarray:
    """Give the codes as numbers, -1 where missing or not one of them."""
    if values is None:
        return np.full(n, -1)
    codes, words = distinct(values)
    return np.array([*({"0": 0, "1": 1, "8": 8, "9": 9}.get(code_key(str(word)), -1) for word in words), -1])[codes]
