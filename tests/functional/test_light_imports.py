"""What a plain analysis loads: whoever reads a file and draws a curve does not wait for libraries that neither needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("scipy", "lifelines", "formulaic", "matplotlib", "seaborn", "jinja2", "duckdb", "pyspark", "narwhals", "pyarrow.parquet", "pyarrow.dataset",
         "openpyxl", "pyreadstat", "urllib.request", "ssl", "xml.parsers.expat")
CURVE = "sn.KaplanMeier('arm', at_years=(1,))(cohort); sn.LogRank('arm')(cohort); sn.AalenJohansen('arm', at_years=(1,))(cohort)"
MODEL = "sn.CoxModel('arm', fitter='grouped')(cohort)"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """More than two megabytes, so that it is read piece by piece."""
    rows = [f"{number},{number % 97},{number % 2},{'none' if number % 2 == 0 else 'breast-cancer'},{'ab'[number % 3 == 0]}" for number in range(100_000)]
    path = tmp_path_factory.mktemp("light") / "c.csv"
    path.write_text("\n".join(["patient_id,years,event,cause,arm", *rows]) + "\n")
    assert path.stat().st_size > 1 << 21
    return path


@pytest.mark.parametrize("then", ["", CURVE, MODEL], ids=["file", "curve", "model"])
def test_a_file_a_curve_and_a_plain_model_load_nothing_that_is_not_needed(file, then):
    code = f"""
import sys
import survival_nodes as sn
cohort = sn.read_cohort({str(file)!r}, time_unit="months")
assert len(cohort) == 100_000
{then}
print(sorted(name for name in {HEAVY!r} if name in sys.modules))
"""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_the_readers_of_other_files_are_not_loaded(file):
    code = f"import sys, survival_nodes as sn; sn.read_cohort({str(file)!r}, time_unit='months'); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split())
    others = {f"survival_nodes.sources.{name}" for name in ("seer_stat", "naaccr", "gdc", "fetching", "synthetic", "scan", "classified_file")}
    assert "survival_nodes.sources.own_file" in loaded and not others & loaded


def test_every_name_of_a_lazy_room_is_there():
    import survival_nodes.estimates as estimates
    import survival_nodes.sources as sources

    for room in (estimates, sources):
        assert all(getattr(room, name) is not None for name in room.__all__)
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            room.nothing
