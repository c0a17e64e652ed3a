"""What was run on: processor, cores, memory, versions. No name of a host, no folder."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path

from .processes import Interpreters
from .works import PACKAGES_IN_PYTHON, PACKAGES_IN_R

_VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {"Python": "%d.%d.%d" % sys.version_info[:3]}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""
_VERSIONS_IN_R = """
cat("R", paste(R.version$major, R.version$minor, sep = "."), "\\n")
for (name in commandArgs(TRUE)) if (nzchar(system.file(package = name))) cat(name, as.character(packageVersion(name)), "\\n")
"""
# What is imported -> what is installed.
DISTRIBUTIONS = {"sksurv": "scikit-survival"}


def versions_in_python(program: str) -> dict[str, str]:
    """Ask a Python for the versions of the packages, those that are there."""
    done = subprocess.run([program, "-c", _VERSIONS, *PACKAGES_IN_PYTHON], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def versions_in_r(program: str | None) -> dict[str, str]:
    """Ask R for its version and those of the packages that are there; nothing where R is absent."""
    if program is None:
        return {}
    done = subprocess.run([program, "-e", _VERSIONS_IN_R, *PACKAGES_IN_R], capture_output=True, text=True, check=False)
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def processor() -> str:
    """Name the processor."""
    listing = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", listing.read_text(encoding="utf-8")) if listing.exists() else None
    return found[1].strip() if found else platform.processor() or platform.machine()


def memory_in_mb() -> float:
    """Give the memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def load() -> float:
    """Give how many processes wanted a processor in the last minute."""
    return os.getloadavg()[0]


def stated(interpreters: Interpreters) -> dict[str, object]:
    """State the machine."""
    return {
        "processor": processor(), "cores": os.cpu_count(), "memory_gb": round(memory_in_mb() / 1000, 1), "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(load(), 1), "ours": versions_in_python(interpreters.ours), "peers": versions_in_python(interpreters.peers),
        "r": versions_in_r(interpreters.r)}


def is_there(needs: tuple[str, ...], runs_in: str, machine: dict[str, object]) -> bool:
    """Tell whether all that a contestant needs is installed."""
    found = machine[{"ours": "ours", "python": "peers", "R": "r"}[runs_in]]
    return all(DISTRIBUTIONS.get(name, name) in found for name in needs)
