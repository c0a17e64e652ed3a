"""A user's own values: what each leaves possible is said by a mapping, and nothing else is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...errors import UsageError, unknown_name
from ..categories import ANY, MICRO_OR_MACRO, NEGATIVE_OR_ITC, NODAL_CATEGORIES, in_order, polarity_of
from ..coding import System
from ..editions import Setting
from ..pieces import Piece, unread
from ..reading import context_names
from ..spelling import is_blank, raw_text, spell

_FLAGS = {NEGATIVE_OR_ITC: "ITC_NOT_EXCLUDED", MICRO_OR_MACRO: "SIZE_NOT_STATED"}


def custom_system(values: Mapping[object, str | Iterable[str]], *, name: str = "custom") -> System:
    """Make a coding system of a mapping, to be given to `classify` or `Evidence` in the place of a name.

    Parameters
    ----------
    values
        For each value of the column, the category it stands for, or all that it leaves possible. Blanks and case do not matter. `unknown`
        leaves everything possible. {negative, itc} is read as a plain pN0; every other set of several stays unknown until other evidence decides.
    name
        How it is called in the evidence of a finding.

    Raises
    ------
    UsageError
        If a category does not exist, two values that read alike stand for different ones, or the name is taken by a context.

    >>> from survival_nodes.nodes import classify
    >>> own = custom_system({"N+": {"micro", "macro"}, "mic": "micro", 0: {"negative", "itc"}})
    >>> [classify(own, value).category for value in ("N+", "Mic", "0", "N1")]
    ['unknown', 'micro', 'negative', 'unknown']
    """
    if not isinstance(values, Mapping) or not values:
        raise UsageError("a custom coding system needs a mapping of values to categories, as {'N+': {'micro', 'macro'}, 'mic': 'micro'}")
    meanings: dict[str, frozenset[str]] = {}
    for value, categories in values.items():
        possible = _possible(categories)
        if meanings.setdefault(_key(value), possible) != possible:
            raise UsageError(f"the value {value!r} of a custom coding system is given twice with different categories")
    listed = ", ".join(str(value) for value in list(values)[:8])
    system = System(name, "Values of your own", listed, (3, 4, 5, 6, 7, 8), "", _Mapped(tuple(meanings.items())))
    if name in context_names(system):
        raise UsageError(f"a custom coding system cannot be called {name!r}, which is the name of a context; leave the name out, or take another")
    return system


@dataclass(frozen=True)
class _Mapped:
    meanings: tuple[tuple[str, frozenset[str]], ...]

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        spelled, raw = spell(value), raw_text(value)
        possible = None if spelled.fault else dict(self.meanings).get(_key(value))
        if possible is None:
            return (unread(name, raw, "MISSING" if is_blank(spelled) else spelled.fault or "UNKNOWN_CODE"),)
        only = in_order(possible)[0] if len(possible) == 1 else "negative" if possible == NEGATIVE_OR_ITC else None
        flags = frozenset({_FLAGS[possible]} if possible in _FLAGS else {"MISSING"} if possible == ANY else ())
        return (Piece(
            name, raw, spelled.text, possible=possible, default=only, positive=polarity_of(possible), flags=flags, says=f"{name} value",
            edition=setting.edition.number, edition_source=setting.edition.source,
        ),)


def _possible(categories: object) -> frozenset[str]:
    named = {categories} if isinstance(categories, str) else set(categories) if isinstance(categories, Iterable) else {categories}
    for one in named:
        if one not in NODAL_CATEGORIES:
            raise UsageError(unknown_name("nodal category", one, NODAL_CATEGORIES))
    if not named:
        raise UsageError(f"a value of a custom coding system leaves no category possible; there are: {', '.join(NODAL_CATEGORIES)}")
    return ANY if "unknown" in named else frozenset(named)


def _key(value: object) -> str:
    return "".join(spell(value).text.casefold().split())
