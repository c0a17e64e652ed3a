"""R's numbers that are kept are the numbers that R makes: `r/textbook_figures.R` is run and compared, where R is installed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest


def test_kept_numbers_are_r_s(made_anew):
    kept = pd.read_csv(Path(__file__).parent / "r" / "textbook_figures.csv", dtype={"term": str}, keep_default_na=False)
    kept = kept.set_index(["analysis", "term", "statistic"])["value"].sort_index()
    assert kept.index.is_unique and kept.index.equals(made_anew.index)
    assert made_anew.to_numpy() == pytest.approx(kept.to_numpy(), rel=1e-8)
