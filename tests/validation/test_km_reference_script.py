"""R's numbers that are kept are the numbers that R makes: `r/km_reference.R` is run and compared, where R is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent
KEYS = ["dataset", "analysis", "method", "group", "time", "term", "statistic"]
FILES = ("km_reference.csv", "log_rank_reference.csv", "poisson_reference.csv")


@pytest.fixture(scope="module")
def made_anew(tmp_path_factory) -> Path:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    folder = tmp_path_factory.mktemp("r")
    subprocess.run([rscript, str(HERE / "r" / "km_reference.R"), str(HERE / "inputs"), str(folder)], check=True, capture_output=True)
    return folder


def read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(value=table["value"].replace("NA", "nan").astype(float)).set_index(KEYS).sort_index()


@pytest.mark.parametrize("name", FILES)
def test_kept_numbers_are_r_s(made_anew, name):
    kept, anew = read(HERE / "r" / name), read(made_anew / name)
    assert kept.index.is_unique and kept.index.equals(anew.index)
    np.testing.assert_allclose(kept["value"], anew["value"], rtol=1e-11, atol=1e-11)
