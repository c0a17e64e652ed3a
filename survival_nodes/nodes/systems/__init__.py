"""The coding systems: each module holds a table `SYSTEMS`, and each entry of it is one system."""

from __future__ import annotations

from types import MappingProxyType

from ...errors import UsageError, unknown_name
from ..coding import System
from . import measurements, tnm_strings

REGISTRY = MappingProxyType({system.name: system for module in (tnm_strings, measurements) for system in module.SYSTEMS})


def systems() -> tuple[System, ...]:
    """Give the coding systems that can be read, in the order of their names.

    >>> [system.name for system in systems()][:3]
    ['cap_pn', 'cbio_path_n', 'gdc_path_n']
    """
    return tuple(REGISTRY[name] for name in sorted(REGISTRY))


def find_system(name: object) -> System:
    """Give the coding system of a name; UsageError, with those there are, for another."""
    if not isinstance(name, str) or name not in REGISTRY:
        raise UsageError(unknown_name("coding system", name, sorted(REGISTRY)))
    return REGISTRY[name]
