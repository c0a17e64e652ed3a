"""The coding systems: each module holds a table `SYSTEMS`, and each entry of it is one system."""

from __future__ import annotations

from types import MappingProxyType

from ...errors import UsageError, unknown_name
from ..coding import System
from . import coded_categories, measurements, one_node, seer_combined, seer_cs, seer_derived, seer_eod, stage_groups, tnm_strings

_MODULES = (tnm_strings, measurements, coded_categories, one_node, stage_groups, seer_derived, seer_combined, seer_cs, seer_eod)
REGISTRY = MappingProxyType({system.name: system for module in _MODULES for system in module.SYSTEMS})


def systems() -> tuple[System, ...]:
    """Give the coding systems that can be read, in the order of their names.

    >>> [system.name for system in systems()][:3]
    ['camelyon_node', 'camelyon_patient', 'cap_pn']
    """
    return tuple(REGISTRY[name] for name in sorted(REGISTRY))


def find_system(name: object) -> System:
    """Give the coding system of a name, or a system itself; UsageError, with those there are, for another name."""
    if isinstance(name, System):
        return name
    if not isinstance(name, str) or name not in REGISTRY:
        raise UsageError(unknown_name("coding system", name, sorted(REGISTRY)))
    return REGISTRY[name]
