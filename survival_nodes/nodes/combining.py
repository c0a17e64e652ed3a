"""How pieces of evidence become one category: polarity first, then intersection, then the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .categories import ANY, ITC_OR_MICRO, MICRO_OR_MACRO, NEGATIVE_OR_ITC, at_least, in_order, largest_of, polarity_of
from .pieces import CLINICAL, SIZE_KINDS, Piece, common
from .policies import Policy

_ITC, _MICRO = frozenset({"itc"}), frozenset({"micro"})
_OF_THE_NODE = frozenset({"SENTINEL_ONLY", "OSNA", "OSNA_LOW_COPY"})
MANY_NODES = 4  # from here on a micrometastasis in every positive node is worth a second look


@dataclass(frozen=True)
class Outcome:
    """The answer before it is worded: category, what stays possible, how sure, and the flags."""

    category: str
    possible: frozenset[str]
    certainty: str
    positive: bool | None
    flags: frozenset[str]


@dataclass(frozen=True)
class _Facts:
    """What the pieces say together, asked once."""

    pieces: tuple[Piece, ...]
    possible: frozenset[str]
    besides_counts: tuple[Piece, ...]
    says_positive: bool
    says_negative: bool
    counts_some: bool
    counts_none: bool
    unexamined: bool
    examined: bool


def resolve(pieces: tuple[Piece, ...], policy: Policy) -> Outcome:
    """Combine the pieces of one patient into a category; their order does not matter.

    Polarity is settled first: a code that says positive against a count of none (or the other way round) is a conflict, and is never
    intersected away. Then what all pieces leave possible is intersected, and the policy settles what is left. What was seen in one node
    stands where all else allows it, and is a lower limit where other nodes hold more.
    """
    facts = _gather(_of_all_nodes(pieces))
    if _count_conflict(facts):
        return _positivity_conflict(facts, policy)
    if common(facts.besides_counts) == _ITC and (facts.counts_some or facts.unexamined):
        return _outcome(facts, "itc", _ITC, flags={"COUNT_CONFLICT"})  # registries do count nodes with isolated tumour cells
    if not facts.possible or (facts.says_positive and facts.says_negative):
        return _micro_by_cells(facts) or _size_conflict(facts, policy)
    category, by_default = settle(facts.pieces, policy)
    return _with_basis(facts, policy, category, by_default)


def settle(pieces: Iterable[Piece], policy: Policy) -> tuple[str, bool]:
    """Settle what pieces that agree leave possible: the category, and whether a default chose it."""
    pieces = tuple(pieces)
    possible = common(pieces)
    flags = frozenset().union(*(piece.flags for piece in pieces))
    if possible <= NEGATIVE_OR_ITC and "negative" in possible and "MOLECULAR_POSITIVE" in flags and policy.mol_positive == "unknown":
        return "unknown", False
    if len(possible) == 1:
        return next(iter(possible)), False
    return _default(pieces, possible, flags, policy), True


def _default(pieces: tuple[Piece, ...], possible: frozenset[str], flags: frozenset[str], policy: Policy) -> str:
    offered = in_order({piece.default for piece in pieces if piece.default in possible})
    if possible == NEGATIVE_OR_ITC:
        allowed = policy.itc_not_excluded == "negative" and "ITC_SIGN_MISSING" not in flags
        return "negative" if allowed and "negative" in offered else "unknown"
    if _only_counts(pieces) and MICRO_OR_MACRO <= possible <= MICRO_OR_MACRO | ITC_OR_MICRO:
        return policy.counts_only
    if not offered or possible == ANY:
        return "unknown"
    if offered[-1] == "macro" and MICRO_OR_MACRO <= possible:
        return policy.size_not_stated
    return offered[-1] if policy.usual_reading == "use" else "unknown"


def _of_all_nodes(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Turn what was seen in single nodes into what it says of all of them: the largest of several, or no more than a lower limit.

    It is a lower limit where other evidence names a larger deposit, and where that evidence is positive and these nodes are not.
    """
    nodes = [piece for piece in pieces if piece.one_node and piece.tells]
    if not nodes:
        return pieces
    seen = largest_of(piece.possible for piece in nodes)
    others = [piece for piece in pieces if piece.tells and not piece.one_node and not (seen == _ITC and piece.kind == "count")]
    outdone = seen <= NEGATIVE_OR_ITC and any(piece.positive is True for piece in others)
    turned = _as_seen if seen & common(others) and not outdone else _as_lower_limit
    return tuple(turned(piece, seen) if piece in nodes else piece for piece in pieces)


def _as_seen(piece: Piece, seen: frozenset[str]) -> Piece:
    return replace(piece, possible=seen, default=piece.default if piece.default in seen else None, positive=polarity_of(seen))


def _as_lower_limit(piece: Piece, seen: frozenset[str]) -> Piece:
    possible = at_least(in_order(seen)[0])
    return replace(piece, possible=possible, default=None, positive=polarity_of(possible), flags=piece.flags - _OF_THE_NODE)


def _gather(pieces: tuple[Piece, ...]) -> _Facts:
    counts = [piece for piece in pieces if piece.kind == "count"]
    besides = tuple(piece for piece in pieces if piece.kind != "count" and piece.tells)
    return _Facts(
        pieces=pieces,
        possible=common(pieces),
        besides_counts=besides,
        says_positive=any(piece.positive is True for piece in besides),
        says_negative=any(piece.positive is False for piece in besides),
        counts_some=any(piece.positive is True for piece in counts),
        counts_none=any(piece.positive is False for piece in counts),
        unexamined=any(piece.examined == "none" for piece in counts),
        examined=any(piece.examined == "some" for piece in counts),
    )


def _count_conflict(facts: _Facts) -> bool:
    under_the_microscope = any(piece.microscopic and piece.possible != _ITC for piece in facts.besides_counts)
    stained = any("CS_SSF4_009" in piece.flags for piece in facts.besides_counts)  # N0 to the registry: a count does not make it larger
    return (
        (facts.counts_none and (facts.says_positive or facts.counts_some))
        or (facts.counts_some and (facts.says_negative or stained))
        or (facts.unexamined and (facts.says_positive or facts.counts_some or under_the_microscope))
    )


def _positivity_conflict(facts: _Facts, policy: Policy) -> Outcome:
    category = "unknown"
    if policy.on_positivity_conflict == "keep_code" and common(facts.besides_counts):
        category, _ = settle(facts.besides_counts, policy) if facts.besides_counts else ("unknown", False)
    return _outcome(facts, category, frozenset(), by_default=True, flags={"POSITIVITY_CONFLICT"})


def _micro_by_cells(facts: _Facts) -> Outcome | None:
    """A code pN1mi with a deposit of at most 0.2 mm is a micrometastasis by its cells, where nobody wrote down how many there were."""
    coded = common(piece for piece in facts.pieces if piece.kind == "code")
    lifted = common(piece for piece in facts.pieces if not piece.cells_unknown)
    if coded == _MICRO == lifted and not facts.says_negative:
        return _outcome(facts, "micro", _MICRO)
    return None


def _size_conflict(facts: _Facts, policy: Policy) -> Outcome:
    measured = any(piece.kind in SIZE_KINDS for piece in facts.besides_counts)
    opposed = facts.says_positive and facts.says_negative
    flags = ({"POSITIVITY_CONFLICT"} if opposed else set()) | ({"SIZE_CODE_CONFLICT"} if measured or not opposed else set())
    preferred: dict[str, Callable[[Piece], bool]] = {
        "prefer_size": lambda piece: piece.kind in SIZE_KINDS, "prefer_code": lambda piece: piece.kind == "code",
    }
    category = "unknown"
    if measured and policy.on_size_conflict in preferred:
        chosen = [piece for piece in facts.besides_counts if preferred[policy.on_size_conflict](piece)]
        category = settle(chosen, policy)[0] if chosen and common(chosen) else "unknown"
    return _outcome(facts, category, frozenset(), by_default=True, flags=flags)


def _with_basis(facts: _Facts, policy: Policy, category: str, by_default: bool) -> Outcome:
    """Withdraw a category that rests on pieces which count only where a node was examined."""
    groundless = [
        piece for piece in facts.pieces
        if piece.kind != "count" and ((facts.unexamined and piece.positive is False) or (piece.needs_basis and not facts.examined))
    ]
    if not groundless:
        return _outcome(facts, category, facts.possible, by_default=by_default)
    grounded = [piece for piece in facts.pieces if piece not in groundless]
    if category != "unknown" and settle(grounded, policy)[0] == category:
        return _outcome(facts, category, facts.possible, by_default=by_default)
    return _outcome(facts, "unknown", facts.possible, flags={"CLINICAL_ONLY" if facts.unexamined else "BASIS_UNSPECIFIED"})


def _outcome(facts: _Facts, category: str, possible: frozenset[str], *, by_default: bool = False, flags: Iterable[str] = ()) -> Outcome:
    certainty = "none" if category == "unknown" else "default" if by_default else "explicit"
    positive = None if "POSITIVITY_CONFLICT" in flags and category == "unknown" else _positive(facts, category, possible)
    return Outcome(category, possible, certainty, positive, frozenset(_flags(facts, category, possible) | set(flags)))


def _positive(facts: _Facts, category: str, possible: frozenset[str]) -> bool | None:
    """Whether the nodes count as positive; isolated tumour cells do not."""
    if category != "unknown":
        return category in MICRO_OR_MACRO
    if possible and possible != ANY and (possible <= NEGATIVE_OR_ITC or possible <= MICRO_OR_MACRO):
        return possible <= MICRO_OR_MACRO
    told = {piece.positive for piece in facts.besides_counts} or {piece.positive for piece in facts.pieces}
    told.discard(None)
    return told.pop() if len(told) == 1 else None


def _only_counts(pieces: Iterable[Piece]) -> bool:
    return {piece.kind for piece in pieces if piece.tells} == {"count"}


def _flags(facts: _Facts, category: str, possible: frozenset[str]) -> set[str]:
    """Gather the flags of the pieces, without those that further evidence has settled."""
    pieces = facts.pieces
    flags = set().union(*(piece.flags for piece in pieces))
    tells = any(piece.tells for piece in pieces)
    needs = {"ITC_NOT_EXCLUDED": NEGATIVE_OR_ITC, "SIZE_NOT_STATED": MICRO_OR_MACRO, "SIZE_MIXED": MICRO_OR_MACRO, "MAY_INCLUDE_ITC": ITC_OR_MICRO}
    flags -= {name for name, open_classes in needs.items() if not open_classes <= possible}
    if tells:
        flags -= {"MISSING"}
        if any(piece.tells and piece.basis not in CLINICAL for piece in pieces):
            flags -= {"CLINICAL_ONLY"}
    if not _only_counts(pieces):
        flags -= {"COUNT_ONLY"}
    if facts.examined:
        flags -= {"BASIS_UNSPECIFIED"}
    if category == "micro" and any((piece.n_positive or 0) >= MANY_NODES for piece in pieces):
        flags |= {"MICRO_MULTI_NODE"}
    return flags | _flags_of_time(pieces, tells)


def _flags_of_time(pieces: tuple[Piece, ...], tells: bool) -> set[str]:
    """What is known of treatment before surgery, and whether any edition is."""
    told = {piece.neoadjuvant for piece in pieces}
    flags = {"POST_NEOADJUVANT"} if True in told else {"NEOADJ_UNKNOWN"} if tells and told == {None} else set()
    sources = {piece.edition_source for piece in pieces if piece.tells and piece.edition_source}
    return flags | ({"EDITION_ASSUMED"} if sources == {"assumed"} else set())
