"""From the raw entries of one record to pieces of evidence: each part of a record is read by itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from ..errors import UsageError, unknown_name
from .coding import System
from .counts import alike_class_counts, alike_counts, read_class_counts, read_counts
from .editions import Setting
from .pieces import Piece, unread
from .policies import Policy
from .sizes import coarse_cells, coarse_size, read_size
from .spelling import raw_text, spell

# Items that say whether systemic treatment came before surgery: the codes that say so, and those that do not know.
_TREATMENT = {
    "neoadjuvant": ({"yes", "y", "true", "1"}, {"unknown", "9"}),
    "systemic_sequence": ({"2", "4", "7"}, {"9"}),  # NAACCR 1639
    "neoadjuvant_therapy": ({"1", "2"}, {"9"}),  # NAACCR 1632
    "path_descriptor": ({"4", "6"}, {"9"}),  # NAACCR 920
    "nodes_eval": ({"5", "6"}, {"0", "1", "2", "3", "8", "9"}),  # CS: other codes tell how the nodes were staged, not when
    "ssf21": ({"10", "20", "25", "30"}, {"988", "998", "999"}),  # CS: response to treatment before surgery
}


@dataclass(frozen=True)
class Part:
    """Entries that are read together and independently of all others.

    `read(values, setting)` gives their pieces. `coarse` gives, for an entry with many values of which few matter, a value that reads alike.
    `alike(values)`, where several entries matter together only, gives what all values have in common that read alike in every setting.
    """

    names: tuple[str, ...]
    read: Callable[[Mapping[str, object], Setting], tuple[Piece, ...]]
    coarse: Mapping[str, Callable[[object], object]] = field(default_factory=dict)
    alike: Callable[[Mapping[str, object]], Hashable] | None = None


def _counts(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    return _those(read_counts("nodes_positive", values.get("nodes_positive"), values.get("nodes_examined"), setting))


def _size(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    return _those(read_size("largest_mm", values.get("largest_mm"), values.get("cells"), setting))


def _class_counts(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    return _those(read_class_counts("n_macro, n_micro, n_itc", values, setting))


def _treatment(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
    told = [_told(name, spell(values.get(name)).text.casefold()) for name in _TREATMENT]
    if not any(answer is not None for answer in told):
        return ()
    raw = ", ".join(f"{name}={raw_text(values[name])}" for name in _TREATMENT if spell(values.get(name)).text)
    return (Piece("treatment", raw, kind="treatment", neoadjuvant=any(told)),)


def _told(name: str, text: str) -> bool | None:
    yes, unknown = _TREATMENT[name]
    code = text.lstrip("0") or ("0" if text else "")
    if not text or text in unknown or code in unknown:
        return None
    return text in yes or code in yes


def _those(piece: Piece | None) -> tuple[Piece, ...]:
    return () if piece is None else (piece,)


# What may come with a value of any system.
COMMON = (
    Part(("nodes_positive", "nodes_examined"), _counts, alike=lambda values: alike_counts(values.get("nodes_positive"), values.get("nodes_examined"))),
    Part(("largest_mm", "cells"), _size, {"largest_mm": coarse_size, "cells": coarse_cells}),
    Part(("n_macro", "n_micro", "n_itc"), _class_counts, alike=alike_class_counts),
    Part(tuple(_TREATMENT), _treatment),
)
_COMMON_NAMES = tuple(name for part in COMMON for name in part.names)


def context_names(system: System) -> tuple[str, ...]:
    """Give the names of everything that may come with a value of a system."""
    return tuple(dict.fromkeys(name for name in (*system.context, *_COMMON_NAMES) if name != system.value_is))


def check_context(system: System, names: Mapping[str, object]) -> None:
    """Raise UsageError for a context that the system does not know."""
    for name in names:
        if name not in context_names(system):
            raise UsageError(unknown_name(f"context of {system.name}", name, context_names(system)))


def parts_of(system: System) -> tuple[Part, ...]:
    """Give the parts of which a record of a system consists; the value goes by the name of the system."""
    if system.value_is:
        return tuple(_measured(system, part) if system.value_is in part.names else part for part in COMMON)

    def read(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        return system.read(system.name, values.get(system.name), values, setting)

    return (Part((system.name, *system.context), read, dict(system.coarse), system.alike), *COMMON)


def _measured(system: System, part: Part) -> Part:
    """Give a part in which the value goes by the name of the system."""
    def inside(values: Mapping[str, object]) -> dict[str, object]:
        return {**values, system.value_is: values.get(system.name)}

    def read(values: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        return part.read(inside(values), setting) or (unread(system.name, raw_text(values.get(system.name)), "MISSING"),)

    def named(name: str) -> str:
        return system.name if name == system.value_is else name

    alike = part.alike and (lambda values: part.alike(inside(values)))
    return Part(tuple(map(named, part.names)), read, {named(name): coarse for name, coarse in part.coarse.items()}, alike)


@dataclass(frozen=True)
class Record:
    """Everything that one source says of one patient, as it stood there."""

    system: System
    value: object
    edition: object = None
    year: object = None
    context: Mapping[str, object] = field(default_factory=dict)

    def pieces(self, policy: Policy, under: int | None = None) -> tuple[Piece, ...]:
        """Read all parts, in the record's own edition and by the limits of the one asked for."""
        setting = setting_of(self.system, self.edition, self.year, policy, under)
        values = {self.system.name: self.value, **self.context}
        return tuple(piece for part in parts_of(self.system) for piece in part.read(values, setting))


def setting_of(system: System, edition: object, year: object, policy: Policy, under: int | None = None) -> Setting:
    """Decide how a record is read: an edition that is only assumed gives way to the one asked for."""
    own = system.edition(under if under is not None and system.edition(edition, year).source == "assumed" else edition, year)
    return Setting(own, under or policy.harmonise or own.number)
