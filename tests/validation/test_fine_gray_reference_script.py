"""The numbers that are kept are those that R makes: `r/fine_gray_reference.R` is run and compared, where R is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent


def read(path: Path) -> pd.Series:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(value=table["value"].astype(float)).set_index(list(table.columns[:-1]))["value"].sort_index()


def test_kept_numbers_are_r_s(tmp_path):
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival); library(cmprsk)"], capture_output=True).returncode:
        pytest.skip("Rscript with the packages survival and cmprsk is not installed here")
    subprocess.run([rscript, str(HERE / "r" / "fine_gray_reference.R"), str(HERE / "inputs"), str(tmp_path)], check=True, capture_output=True)
    kept, anew = read(HERE / "r" / "fine_gray_reference.csv"), read(tmp_path / "fine_gray_reference.csv")
    assert kept.index.is_unique and kept.index.equals(anew.index)
    np.testing.assert_allclose(kept, anew, rtol=1e-8, atol=1e-12)
