"""The shipped registry of published survival by nodal category, as typed rows."""

from __future__ import annotations

import math
from functools import cache
from numbers import Real

import pandas as pd

from ..columns import PUBLISHED, frame_of
from ..data_files import data_file
from ..errors import UsageError, unknown_name
from .spellings import CATEGORIES

PRINTED_WITHOUT_DECIMALS = "Printed without decimals"
PRINTED_AS_BOUND = "Printed as a lower bound, not as an estimate"
CLAIM = "article-claim-node-positive-5y"  # the one row which is a claim under test, not a comparator of its own


def published_rates(category: str | None = None, *, endpoint: str | None = None, years: float | None = None, include_caveats: bool = False) -> pd.DataFrame:
    """Give published rates and ratios, a row a figure.

    Parameters
    ----------
    category
        Nodal category or stage: `negative`, `itc`, `micro`, `macro`, `occult`, `node-positive`, `regional`, ...; the kinds of a
        category come with it (`negative` gives `negative-ihc` and `negative-h-and-e` as well). None: all.
    endpoint
        `overall`, `breast-cancer`, `disease-free`, ...; None: all. Relative survival is endpoint `overall`, estimand `net`.
    years
        Time of the figure; None: all, those without a time too.
    include_caveats
        Also rows which should be checked against their primary page before they are relied on.

    Returns
    -------
    DataFrame
        The columns of PUBLISHED; survival as fractions; no rows where nothing of the kind is registered. The frame is yours to change.

    Raises
    ------
    UsageError
        If the category or the endpoint is not in the registry, or the time is not a number.

    >>> rates = published_rates("regional", endpoint="overall", years=5)
    >>> rates.loc[rates.rate_id == "seer-2013-2019-regional-5y", ["estimate", "estimand", "method"]].values.tolist()
    [[0.863, 'net', 'ederer-ii']]
    """
    rates = _registry()
    if years is not None and not (isinstance(years, Real) and math.isfinite(years)):
        raise UsageError(f"years {years!r} is not a number: say years=5, or leave it out for all times")
    wanted = pd.Series(True, index=rates.index)
    if category is not None:
        _known("category of published rates", category, rates["category"])
        wanted &= rates["category"].isin(kinds_of(category))
    if endpoint is not None:
        _known("endpoint of published rates", endpoint, rates["endpoint"])
        wanted &= rates["endpoint"] == endpoint
    if years is not None:
        wanted &= (rates["years"] - years).abs() < 1e-9
    if not include_caveats:
        wanted &= rates["ship"] == "yes"
    return rates[wanted].reset_index(drop=True)


def kinds_of(category: str) -> tuple[str, ...]:
    """Give a category and the kinds of it.

    >>> kinds_of("negative")
    ('negative', 'negative-h-and-e', 'negative-ihc')
    """
    return (category, *(kind for kind, (wider, _) in CATEGORIES.items() if wider == category))


def is_lower_bound(note: str | None) -> bool:
    """Tell from a row's note whether its figure is printed as "more than".

    >>> is_lower_bound("Printed as a lower bound, not as an estimate.")
    True
    """
    return PRINTED_AS_BOUND in (note or "")


def half_unit(estimate: float, note: str | None = None) -> float:
    """Give half a unit of the last decimal printed: a printed 86% is any value in [85.5%, 86.5%).

    A figure counts as printed to a tenth of a per cent, or finer where it has more decimals, unless its note says that it is
    printed without decimals.

    >>> half_unit(0.86, "Printed without decimals."), half_unit(0.863), half_unit(0.97), half_unit(0.7222)
    (0.005, 0.0005, 0.0005, 5e-05)
    """
    if PRINTED_WITHOUT_DECIMALS in (note or ""):
        return 0.005
    decimals = len(f"{100 * estimate:.6f}".rstrip("0").partition(".")[2])
    return 0.5 * 10.0 ** -(2 + max(1, decimals))


def _known(kind: str, name: object, column: pd.Series) -> None:
    there = list(dict.fromkeys(column.dropna()))
    if name not in there:
        raise UsageError(unknown_name(kind, name, there))


@cache
def _registry() -> pd.DataFrame:
    """Read the shipped file once; callers get copies (a selection of rows is one)."""
    text = pd.read_csv(data_file("published/published_rates.csv"), dtype=str, keep_default_na=False, encoding="utf-8")
    numbers = {column.name for column in PUBLISHED.columns if column.kind in {"number", "integer"}}
    return frame_of(PUBLISHED, {
        name: pd.to_numeric(text[name].replace("", None)) if name in numbers else text[name].replace("", None) for name in PUBLISHED.names})
