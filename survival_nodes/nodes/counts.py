"""Counts: positive and examined nodes (NAACCR 820, 830 and their like), and nodes counted by size of deposit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .categories import ANY, ITC_OR_MICRO, MICRO_OR_MACRO, NEGATIVE_OR_ITC
from .combining import MANY_NODES
from .editions import Setting
from .pieces import Piece, unread
from .spelling import Spelled, is_blank, raw_text, spell

MOST_NODES = 90  # 90 stands for 90 or more
_WHOLE = re.compile(r"\d{1,6}")
_AT_LEAST = re.compile(r"(?:at least|>=|\u2265)\s*(\d{1,3})", re.IGNORECASE)
_NO_ANSWER = ("cannot be determined", "not applicable", "other", "not specified")
_POSITIVE_CODES = {95: "aspiration", 97: "some", 98: "none examined", 99: "", 126: ""}
_EXAMINED_CODES = {95: "aspiration", 96: "some", 97: "some", 98: "some", 99: "unknown", 126: "unknown"}
_CLASS_COUNTS = ("n_macro", "n_micro", "n_itc")


@dataclass(frozen=True)
class _Count:
    """A coded count: what it says in a word, the number where it is one, and what was wrong with it."""

    word: str = ""
    number: int | None = None
    fault: str = ""


def read_counts(source: str, positive: object, examined: object, setting: Setting) -> Piece | None:
    """Turn positive and examined nodes into a piece; None where neither is recorded.

    A count never proves a macrometastasis, and a count of zero does not exclude isolated tumour cells, which are not counted.
    """
    n_positive, n_examined = _coded(positive, _POSITIVE_CODES), _coded(examined, _EXAMINED_CODES)
    raw = "/".join(filter(None, (raw_text(positive), raw_text(examined))))
    seen = _seen(n_positive, n_examined)
    possible, default, flags, says = _what_counts_say(n_positive, n_examined, seen, setting)
    flags |= {fault for fault in (n_positive.fault, n_examined.fault) if fault not in ("", "MISSING")}
    if possible == ANY and not flags and seen == "unknown":
        return None if n_positive.fault == n_examined.fault == "MISSING" else unread(source, raw, "MISSING", kind="count")
    return Piece(
        source, raw, f"{_shown(n_positive)}/{_shown(n_examined)}", "count", possible, default, positive=_polarity(n_positive, seen), flags=frozenset(flags),
        says=says, examined=seen, n_positive=n_positive.number, n_examined=n_examined.number,
        edition=setting.edition.number, edition_source=setting.edition.source,
    )


def alike_counts(positive: object, examined: object) -> tuple:
    """Give what of two counts can change a finding: counts with the same of it read alike.

    >>> alike_counts("01", "12") == alike_counts(3, 40), alike_counts("01", "12") == alike_counts("04", "12")
    (True, False)
    """
    n_positive, n_examined = _coded(positive, _POSITIVE_CODES), _coded(examined, _EXAMINED_CODES)
    return (
        n_positive.word, n_positive.fault, (n_positive.number or 0) >= MANY_NODES, n_examined.word, n_examined.fault, _more(n_positive, n_examined),
    )


def _more(n_positive: _Count, n_examined: _Count) -> bool:
    """Tell whether more nodes are positive than were examined."""
    return n_positive.number is not None and n_examined.number is not None and n_positive.number > n_examined.number


def _coded(value: object, codes: Mapping[int, str]) -> _Count:
    number = _whole(spell(value))
    if isinstance(number, str):
        return _Count(fault=number)
    if number in codes:
        return _Count(codes[number], fault="MISSING" if codes[number] in ("", "unknown") else "")
    if number > MOST_NODES:
        return _Count(fault="UNKNOWN_CODE")
    return _Count("some" if number else "zero", number)


def _whole(spelled: Spelled) -> int | str:
    """Give a whole number, or the fault."""
    if is_blank(spelled):
        return "MISSING"
    text = re.sub(r"\.0+$", "", spelled.text)
    return int(text) if not spelled.fault and _WHOLE.fullmatch(text) else "UNPARSEABLE"


def _seen(n_positive: _Count, n_examined: _Count) -> str:
    if n_positive.word == "none examined" or n_examined.word == "zero":
        return "none"
    if n_positive.word == "aspiration" or n_examined.word == "aspiration":
        return "aspiration"
    return "some" if n_examined.word == "some" or n_positive.word == "some" else "unknown"


def _what_counts_say(n_positive: _Count, n_examined: _Count, seen: str, setting: Setting) -> tuple[frozenset[str], str | None, set[str], str]:
    more = _more(n_positive, n_examined)
    if n_positive.word in {"some", "aspiration"}:
        possible = MICRO_OR_MACRO | ITC_OR_MICRO if setting.edition.before_6 else MICRO_OR_MACRO
        flags = {"FNA_ONLY" if seen == "aspiration" else "NOT_EXAMINED" if seen == "none" else "COUNT_ONLY"}
        return possible, None, flags | ({"COUNT_CONFLICT"} if more else set()), "positive nodes counted"
    if seen == "none":
        return ANY, None, {"NOT_EXAMINED"}, "no node examined"
    if seen == "aspiration":
        return ANY, None, {"FNA_ONLY"}, "aspiration only"
    if n_positive.word == "zero":
        flags = {"ITC_NOT_EXCLUDED"} | ({"EXAMINED_UNKNOWN"} if seen == "unknown" else set())
        return NEGATIVE_OR_ITC, "negative", flags, "no positive node counted"
    return ANY, None, set(), ""


def _polarity(n_positive: _Count, seen: str) -> bool | None:
    if n_positive.word in {"some", "aspiration"}:
        return True
    return False if n_positive.word == "zero" and seen in {"some", "unknown"} else None


def _shown(count: _Count) -> str:
    return str(count.number) if count.number is not None else count.word or "?"


def read_class_counts(source: str, context: Mapping[str, object], setting: Setting) -> Piece | None:
    """Turn the numbers of nodes with macrometastases, micrometastases and isolated tumour cells into a piece; None where none is recorded.

    A count that is left out is not zero: the class stays possible.
    """
    counts = [_class_count(context.get(name)) for name in _CLASS_COUNTS]
    raw = ", ".join(f"{name}={raw_text(context[name])}" for name in _CLASS_COUNTS if spell(context.get(name)).fault != "MISSING")
    flags = {"UNPARSEABLE"} if "UNPARSEABLE" in counts else set()
    macro, micro, itc = (count if isinstance(count, int) else None for count in counts)
    if (macro, micro, itc) == (None, None, None):
        return unread(source, raw, "UNPARSEABLE", kind="classcount") if flags else None
    possible = _possible_of_classes(macro, micro, itc)
    flags |= {"ITC_NOT_EXCLUDED"} if possible == NEGATIVE_OR_ITC else set()
    return Piece(
        source, raw, "/".join("?" if count is None else str(count) for count in (macro, micro, itc)), "classcount", possible,
        "negative" if possible == NEGATIVE_OR_ITC else None, positive=_polarity_of_classes(macro, micro, possible), flags=frozenset(flags),
        says="nodes counted by size of deposit", n_positive=None if macro is None or micro is None else macro + micro,
        edition=setting.edition.number, edition_source=setting.edition.source,
    )


def alike_class_counts(context: Mapping[str, object]) -> tuple:
    """Give what of the counts by size of deposit can change a finding: counts with the same of it read alike.

    >>> alike_class_counts({"n_macro": 2, "n_micro": 1}) == alike_class_counts({"n_macro": "1", "n_micro": "at least 1"})
    True
    """
    counts = [_class_count(context.get(name)) for name in _CLASS_COUNTS]
    numbers = [count for count in counts[:2] if isinstance(count, int)]
    return *(count if isinstance(count, str) else count > 0 for count in counts), len(numbers) == 2 and sum(numbers) >= MANY_NODES


def _class_count(value: object) -> int | str:
    spelled = spell(value)
    text = spelled.text.casefold()
    if text.startswith(_NO_ANSWER):
        return "MISSING"
    least = _AT_LEAST.fullmatch(text)
    return int(least[1]) if least else _whole(spelled)


def _possible_of_classes(macro: int | None, micro: int | None, itc: int | None) -> frozenset[str]:
    possible: set[str] = set()
    for name, count in (("macro", macro), ("micro", micro), ("itc", itc)):
        if count is None or count > 0:
            possible.add(name)
        if count:
            return frozenset(possible)  # the largest class that was seen ends the search
    return frozenset(possible | {"negative"})


def _polarity_of_classes(macro: int | None, micro: int | None, possible: frozenset[str]) -> bool | None:
    if macro or micro:
        return True
    return False if "negative" in possible and possible <= NEGATIVE_OR_ITC else None
