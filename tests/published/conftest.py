"""The rows of published data sets, and R's numbers for their analyses.

Rows come from the R packages that hold them (KMsurv, survival), written anew by `r/export_rows.R` for one run of the tests, and none
is kept here; the tests that need them skip where R or the package is not installed. `r/textbook_figures.csv` holds R's numbers,
beside the script that makes them, where the printed page gives two or three digits only or was not seen.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent
KEYS = ["analysis", "term", "statistic"]


@functools.cache
def _r_figures(path: Path) -> pd.Series:
    table = pd.read_csv(path, dtype={"term": str}, keep_default_na=False)
    return table.set_index(KEYS)["value"].sort_index()


@pytest.fixture(scope="session")
def r_figure() -> Callable[..., float]:
    """`r_figure(analysis, term, statistic)`: one of R's numbers."""
    figures = _r_figures(HERE / "r" / "textbook_figures.csv")
    return lambda *key: float(figures.loc[tuple(map(str, key))])


@pytest.fixture(scope="session")
def _exported(tmp_path_factory) -> Path | None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    folder = tmp_path_factory.mktemp("published")
    done = subprocess.run([rscript, str(HERE / "r" / "export_rows.R"), str(folder)], capture_output=True)
    return None if done.returncode else folder


@pytest.fixture(scope="session")
def published_rows(_exported) -> Callable[[str], pd.DataFrame]:
    """`published_rows(name)`: the rows of a data set of R's KMsurv or survival; the test skips where they are not installed."""
    def read(name: str) -> pd.DataFrame:
        path = None if _exported is None else _exported / f"{name}.csv"
        if path is None or not path.exists():
            pytest.skip(f"the rows of {name} come from R: Rscript with the packages KMsurv and survival is not installed here")
        return pd.read_csv(path)

    return read


@pytest.fixture
def made_anew(tmp_path) -> pd.Series:
    """Run `r/textbook_figures.R`, and give what it makes."""
    rscript = shutil.which("Rscript")
    needed = "for (name in c('survival', 'KMsurv', 'cmprsk')) library(name, character.only = TRUE)"
    if rscript is None or subprocess.run([rscript, "-e", needed], capture_output=True).returncode:
        pytest.skip("Rscript with the packages survival, KMsurv and cmprsk is not installed here")
    subprocess.run([rscript, str(HERE / "r" / "textbook_figures.R"), str(tmp_path / "anew.csv")], check=True, capture_output=True)
    return _r_figures(tmp_path / "anew.csv")
