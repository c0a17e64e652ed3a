"""A stage group as evidence on the nodes: of the 7th edition only, where IB says micrometastasis. Read only where it is asked for by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..coding import System
from ..editions import Edition, Setting, find_edition, parse_edition, parse_year
from ..pieces import Piece, unread
from ..spelling import is_blank, raw_text, spell

_EDITION = 7
_STAGE = re.compile(r"(?:stage)?(?P<stage>0|i[abc]?|ii[abc]?|iii[abc]?|iv|[1-3][abc]?|4)(?:nos)?")


@dataclass(frozen=True)
class _OfStages(System):
    """A system whose name states its edition, so that another edition, or a later year, is a contradiction."""

    def edition(self, edition: object, year: object) -> Edition:
        """Take the edition or the year of the record where it has one."""
        found = find_edition(parse_edition(edition), parse_year(year))
        return Edition(_EDITION, "given") if found.source == "assumed" else found


def _read_stage(name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    """Read IB as T0-1 N1mi; every other stage leaves the nodes open, and so does IB of another edition, where it may be prognostic."""
    spelled, raw = spell(value), raw_text(value)
    match = _STAGE.fullmatch("".join(spelled.text.casefold().split()))
    if match is None:
        return (unread(name, raw, "MISSING" if is_blank(spelled) else "UNPARSEABLE"),)
    edition = {"edition": setting.edition.number, "edition_source": setting.edition.source}
    says = f"stage {match['stage'].upper()}"
    if setting.edition.number != _EDITION:
        return (Piece(name, raw, says, says=says, flags=frozenset({"EDITION_CONFLICT"}), **edition),)
    if match["stage"] not in {"ib", "1b"}:
        return (Piece(name, raw, says, says=says, flags=frozenset({"MISSING"}), **edition),)
    flags = frozenset({"STAGE_INFERRED"})
    return (Piece(name, raw, says, possible=frozenset({"micro"}), default="micro", positive=True, says=says, flags=flags, **edition),)


SYSTEMS = (
    _OfStages(
        "stage_group_7", "Anatomic stage group of AJCC 7, from which IB alone tells of the nodes", "IB, also 1B; other stages leave the nodes open",
        (_EDITION,), "https://www.facs.org/quality-programs/cancer-programs/american-joint-committee-on-cancer/", _read_stage,
    ),
)
