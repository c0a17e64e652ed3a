"""GBSG trial 2 (Schumacher et al. 1994, J Clin Oncol 12:2086; 686 women) by number of positive nodes: the packaged study gives R's numbers.

`r/gbsg2_nodes.R` made `r/gbsg2_nodes.csv`; where R is installed it is run anew.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from lifelines.datasets import load_gbsg2

import survival_nodes as sn

HERE = Path(__file__).parent
COX_TERMS = {
    "group4-9": "positive_nodes[T.4-9]", "group10+": "positive_nodes[T.10+]", "I(age/10)": "I(age / 10)", "menostatPost": "menopausal_status[T.post]",
    "I(tsize/10)": "I(tumour_size_mm / 10)", "tgradeII": "grade[T.2]", "tgradeIII": "grade[T.3]", "I(progrec/100)": "I(progesterone_receptor / 100)",
    "I(estrec/100)": "I(oestrogen_receptor / 100)", "horThyes": "endocrine_therapy[T.yes]"}
ZPH_TERMS = {
    "group": "positive_nodes", "I(age/10)": "I(age / 10)", "menostat": "menopausal_status", "I(tsize/10)": "I(tumour_size_mm / 10)", "tgrade": "grade",
    "I(progrec/100)": "I(progesterone_receptor / 100)", "I(estrec/100)": "I(oestrogen_receptor / 100)", "horTh": "endocrine_therapy", "GLOBAL": "GLOBAL"}


@pytest.fixture(scope="module")
def r() -> pd.DataFrame:
    return read(HERE / "r" / "gbsg2_nodes.csv")


def read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"group": str, "term": str}, keep_default_na=False)
    table["term"] = table["term"].str.replace(" ", "")
    return table.set_index(["kind", "group", "term", "statistic"])["value"].sort_index()


@pytest.fixture(scope="module")
def findings():
    return sn.Study.packaged("gbsg2-nodes").run()


def test_survival_at_one_three_and_five_years(findings, r):
    names = {"surv": "estimate", "std.err": "std_error", "lower": "conf_low", "upper": "conf_high", "n.risk": "n_risk"}
    estimates = findings.frames["estimates"].set_index(["group", "years"])
    assert len(estimates) == 9
    for (group, years), row in estimates.iterrows():
        for theirs, ours in names.items():
            assert row[ours] == pytest.approx(r["survival", group, f"{years:g}", theirs], abs=1e-9)


def test_log_rank(findings, r):
    assert findings.frames["tests"]["statistic"].iloc[0] == pytest.approx(r["log-rank", "", "", "chisq"], abs=1e-9)


def test_adjusted_cox_model(findings, r):
    coefficients = findings.frames["coefficients"].set_index("term")
    assert set(coefficients.index) == set(COX_TERMS.values())
    for theirs, ours in COX_TERMS.items():
        assert coefficients.loc[ours, "coefficient"] == pytest.approx(r["cox", "", theirs, "coef"], rel=1e-6)
        assert coefficients.loc[ours, "std_error"] == pytest.approx(r["cox", "", theirs, "se"], rel=1e-6)


def test_proportional_hazards(findings, r):
    tests = findings.frames["proportional_hazards"].set_index("comparison")
    assert set(tests.index) == set(ZPH_TERMS.values())
    for theirs, ours in ZPH_TERMS.items():
        for name, column in (("chisq", "statistic"), ("df", "df"), ("p", "p_value")):
            assert tests.loc[ours, column] == pytest.approx(r["zph", "", theirs, name], rel=1e-6)


def test_r_makes_these_numbers(r, tmp_path):
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("Rscript with the package survival is not installed here")
    load_gbsg2().to_csv(tmp_path / "GBSG2.csv", index=False)
    subprocess.run([rscript, str(HERE / "r" / "gbsg2_nodes.R"), str(tmp_path / "GBSG2.csv"), str(tmp_path / "anew.csv")], check=True, capture_output=True)
    anew = read(tmp_path / "anew.csv")
    assert anew.index.equals(r.index)
    assert anew.to_numpy() == pytest.approx(r.to_numpy(), rel=1e-9)
