"""The numbers that are kept are those that R makes: the scripts `r/cox*_reference.R` are run and compared, where R is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import lifelines.datasets
import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent


def read(path: Path) -> pd.Series:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(value=table["value"].replace("NA", "nan").astype(float)).set_index(list(table.columns[:-1]))["value"].sort_index()


@pytest.mark.parametrize("name", ["cox_reference", "cox_influence_reference"])
def test_kept_numbers_are_r_s(name, tmp_path):
    rscript, rossi = shutil.which("Rscript"), Path(lifelines.datasets.__file__).parent / "rossi.csv"
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    script = [rscript, str(HERE / "r" / f"{name}.R"), str(HERE / "inputs"), str(tmp_path), str(rossi)]
    subprocess.run(script, check=True, capture_output=True)
    kept, anew = read(HERE / "r" / f"{name}.csv"), read(tmp_path / f"{name}.csv")
    assert kept.index.is_unique and kept.index.equals(anew.index)
    converged = kept.index.get_level_values("analysis") != "coxph_monotone_likelihood"  # where R diverges is not the same everywhere
    np.testing.assert_allclose(kept[converged], anew[converged], rtol=1e-8, atol=1e-12)
