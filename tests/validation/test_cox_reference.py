"""Cox models, the test of proportional hazards, predicted survival and baseline hazards against R's survival, row by row.

`r/cox_reference.R` makes the rows kept here; where SURVIVAL_NODES_REFERENCE names the folder of the full reference, the same tests
run on its further data sets. A model is read off R's own call, so that a row without an answer fails.
"""

from __future__ import annotations

import functools
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_fit import CoxFit
from survival_nodes.estimates.proportional_hazards import ProportionalHazards

HERE, REFERENCE = Path(__file__).parent, os.environ.get("SURVIVAL_NODES_REFERENCE", "")
KEYS = ["dataset", "analysis", "method", "group", "time", "term", "statistic", "value"]
ANALYSES = ("coxph", "coxph_vcov", "cox.zph", "cox_score_test", "cox_predicted_survival", "cox_basehaz")
CLOSE = {"rel": 1e-6, "abs": 1e-300}

# Rows of R that are not met, on purpose: part of the method -> why, and the data sets it is about.
LEFT = {
    "| exact": ("exact ties are not offered", {"btrial", "lung", "veteran"}),
    "ngrp*hormon": ("no node-negative patient had hormones: the columns are dependent, which is refused (test_dependent_columns_are_refused)", {"rotterdam"}),
}
# Rows that are met in another file: part of the method, or the statistic.
ELSEWHERE = {
    "rcs(": "rcs", "tt(": "tt(", "stype=1": "stype=1", "centered=TRUE": "centered=TRUE", "concordance_se": "concordance"}
DEATHS = {"columns": {"years": "dtime", "event": "death", "patient_id": "pid"}, "time_unit": "days"}
SIZES = {"ngrp": ["0", "1-3", "4-9", "10+"], "size": ["<=20", "20-50", ">50"]}
BY = {
    "btrial": "factor(im)", "synA": "node", "rotterdam": "ngrp", "gbsg": "ngrp", "gbsg_hormon": "hormon", "veteran": "celltype", "lung": "sex",
    "larynx": "factor(stage)"}


@functools.cache
def reference() -> pd.DataFrame:
    rows = pd.read_csv(HERE / "r" / "cox_reference.csv", dtype=str, keep_default_na=False)[KEYS]
    if REFERENCE:
        full = pd.read_csv(Path(REFERENCE) / "reference.csv.gz", dtype=str, keep_default_na=False)[KEYS]
        full = full.assign(statistic=full["statistic"].str.replace(r"^surv\.\d$", "surv", regex=True))
        rows = pd.concat([rows, full[full["analysis"].isin(ANALYSES)]]).drop_duplicates([*KEYS[:6], "statistic"])
    return rows.assign(value=rows["value"].replace("NA", "nan").astype(float))


def cases(analysis: str, reduce=lambda method: method) -> list:
    """Every (dataset, method) that R has rows for, but for those left out and those met elsewhere."""
    rows = reference()
    pairs = rows[rows["analysis"] == analysis][["dataset", "method"]].itertuples(index=False, name=None)
    found = dict.fromkeys((dataset, reduce(method)) for dataset, method in pairs)
    return [pytest.param(*pair, id=" ".join(pair)) for pair in found if not any(part in pair[1] for part in (*LEFT, *ELSEWHERE))]


def rows_of(dataset: str, analysis: str, method: str) -> pd.DataFrame:
    rows = reference()
    found = rows[(rows["dataset"] == dataset) & (rows["analysis"] == analysis) & (rows["method"] == method)]
    return found[~found["statistic"].isin(ELSEWHERE)]


def close(row) -> object:
    return pytest.approx(row.value, **CLOSE)


@functools.cache
def cohort_of(dataset: str, read_data_set) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # odd units and codes of these data sets are known
        if dataset == "rotterdam":
            frame = read_data_set("rotterdam").read()
            return Cohort.from_frame(frame.assign(lpgr=np.log(frame["pgr"] + 1), ler=np.log(frame["er"] + 1)), **DEATHS, levels=SIZES)
        if dataset == "synB_attained_age":
            spec = read_data_set("synB")
            ages = {"patient_id": "id", "entry_years": "age_entry", "years": "age_exit", "event": "status"}
            return Cohort.from_frame(spec.read(), ages, "years", levels=spec.levels)
        if dataset == "rossi":  # weeks, but a test of proportional hazards knows no unit
            return Cohort.from_frame(load_rossi(), {"years": "week", "event": "arrest"}, "days")
        spec = read_data_set(dataset)
        return Cohort.from_frame(spec.read(), spec.columns, spec.time_unit, levels=spec.levels, days_per_year=spec.days_per_year)


def model_of(right_side: str, ties: str, fitter: str = "auto", options: str = "") -> CoxModel:
    """Read R's right-hand side as a model: factor(x) is C(x), strata(x,y) are strata, a name with a dot is quoted.

    `options` as `weights+robust` or `cluster hosp`; R's rows of weights alone rest on the model, also where weights are fractions.
    """
    terms = re.findall(r"[^+(]+(?:\([^)]*\))?", right_side)
    strata = tuple(name for term in terms if term.startswith("strata(") for name in term[7:-1].split(","))
    covariates = [term.replace("factor(", "C(") for term in terms if not term.startswith("strata(")]
    cluster = re.search(r"cluster (\w+)", options)
    return CoxModel(
        "+".join(re.sub(r"\w+\.\w+", r"`\g<0>`", term) for term in covariates), ties=ties, strata=strata, fitter=fitter,
        weights="wt" if "weights" in options else None, robust="robust" in options, cluster=cluster and cluster.group(1))


@functools.cache
def fit_of(dataset: str, method: str, read_data_set, fitter: str = "auto") -> CoxFit:
    right_side, ties, *options = method.split("~")[-1].split(" | ")
    cohort = cohort_of(dataset, read_data_set)
    if method.startswith("landmark"):
        cohort = cohort.where("years >= 2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events and missing covariates: test_cox_hard_cases.py
        return model_of(right_side, ties, fitter, *options).fit(cohort)


def in_r(term: str) -> str:
    """Write a term as R does: node[T.ITC] is nodeITC there, C(im) is factor(im)."""
    return re.sub(r"\[T\.(.*?)\]", r"\1", term).replace("C(", "factor(")


def as_r_gives_it(fit: CoxFit) -> dict[tuple[str, str], float]:
    names = {
        "coefficient": "coef", "std_error": "se", "robust_std_error": "robust_se", "z": "z", "p_value": "p", "hazard_ratio": "HR",
        "conf_low": "HR_lower", "conf_high": "HR_upper"}
    ours = {(in_r(row["term"]), theirs): row[own] for row in fit.coefficients.to_dict("records") for own, theirs in names.items()}
    whole = {
        "n": fit.n, "nevent": fit.n_event, "loglik0": fit.log_likelihood.null, "loglik": fit.log_likelihood.model, "concordance": fit.concordance,
        "AIC": fit.aic, "BIC": fit.bic, "LR_df": fit.tests["df"][0]}
    for test in fit.tests.to_dict("records"):
        name = {"likelihood ratio": "LR", "Wald": "Wald", "score": "score", "robust score": "robust_score"}[test["test"]]
        whole |= {name: test["statistic"], f"{name}_p": test["p_value"]}
    return ours | {("(global)", name): value for name, value in whole.items()}


@pytest.mark.parametrize("fitter", ["auto", "grouped"])
@pytest.mark.parametrize(("dataset", "method"), cases("coxph"))
def test_fit(dataset, method, fitter, data_set):
    fit = fit_of(dataset, method, data_set, fitter)
    ours, rows = as_r_gives_it(fit), rows_of(dataset, "coxph", method)
    assert len(rows) >= 19
    for row in rows.itertuples():
        assert ours[row.term, row.statistic] == close(row), (row.term, row.statistic)


@pytest.mark.parametrize(("dataset", "method"), cases("coxph_vcov"))
def test_covariance(dataset, method, data_set):
    covariance = fit_of(dataset, method, data_set).covariance.rename(index=in_r, columns=in_r)
    for row in rows_of(dataset, "coxph_vcov", method).itertuples():
        first, second = row.term.split(" x ")
        assert covariance.loc[first, second] == pytest.approx(row.value, **CLOSE)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_score_test"))
def test_score_test(dataset, method, data_set):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        score = model_of(BY[dataset], method).fit(cohort_of(dataset, data_set)).tests.loc[2]
    ours = {"score": score["statistic"], "df": score["df"], "p": score["p_value"]}
    for row in rows_of(dataset, "cox_score_test", method).itertuples():
        assert ours[row.statistic] == close(row)


@pytest.mark.parametrize("terms", ["TRUE", "FALSE"])
@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize(("dataset", "method"), cases("cox.zph", lambda method: method.split(" transform=")[0]))
def test_proportional_hazards(dataset, method, transform, terms, data_set):
    fit = fit_of(dataset, method, data_set)
    single = {name: (place,) for place, name in enumerate(fit.design.names)}
    table = ProportionalHazards(CoxModel("x"), transform=transform).of(fit, fit.design.groups if terms == "TRUE" else single)
    ours = table.assign(comparison=[in_r(term) for term in table["comparison"]]).set_index("comparison")
    rows = rows_of(dataset, "cox.zph", f"{method} transform={transform} terms={terms}")
    assert set(rows["term"]) == set(ours.index)
    for row in rows.itertuples():
        column = {"chisq": "statistic", "df": "df", "p": "p_value"}[row.statistic]
        assert ours.loc[row.term, column] == close(row), (row.term, row.statistic)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_predicted_survival"))
def test_predicted_survival(dataset, method, data_set):
    right_side, ties, _ = method.split(" ")
    fit = fit_of(dataset, f"~{right_side} | {ties}", data_set)
    rows = rows_of(dataset, "cox_predicted_survival", method)
    rows = rows[rows["statistic"] == "surv"]
    assert len(rows) >= 6
    for profile, own in rows.groupby("group"):
        values = dict(pair.split("=", 1) for pair in profile.split(": ")[1].split(";"))
        per_year = cohort_of(dataset, data_set).clock.per_year
        predicted = fit.predict({name: [value] for name, value in values.items()}, own["time"].astype(float).to_numpy() / per_year)
        assert predicted["survival"].to_numpy() == pytest.approx(own["value"].to_numpy(), **CLOSE)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_basehaz"))
def test_baseline_hazard(dataset, method, data_set):
    right_side, ties, _ = method.split(" ")
    fit = fit_of(dataset, f"~{right_side} | {ties}", data_set)
    for row in rows_of(dataset, "cox_basehaz", method).itertuples():
        reached = fit.baseline["years"] <= float(row.time) / cohort_of(dataset, data_set).clock.per_year + 1e-9
        assert fit.baseline.loc[reached, "cumulative_hazard"].max() == close(row) if reached.any() else row.value == 0


def test_the_rows_that_are_not_met_are_those_listed():
    """What no test above is run on is left out by name, with its reason, or met in another file, which says so."""
    rows = reference()
    rows = rows[rows["analysis"].isin(ANALYSES)].assign(method=rows["method"].str.split(" transform=").str[0])
    met = {(analysis, *param.values) for analysis in ANALYSES for param in cases(analysis, lambda method: method.split(" transform=")[0])}
    apart = {row for row in rows[["analysis", "dataset", "method"]].itertuples(index=False, name=None) if row not in met}
    left = {part: {dataset for _, dataset, method in apart if part in method} for part in LEFT}
    assert left == ({part: datasets for part, (_, datasets) in LEFT.items()} if REFERENCE else dict.fromkeys(LEFT, set()))
    assert all(any(part in method for part in (*LEFT, *ELSEWHERE)) for _, _, method in apart)
    others = [path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py") if path.name != Path(__file__).name]
    assert [part for part, said in ELSEWHERE.items() if not any(said in text for text in others)] == []


def test_exact_ties_are_refused():
    with pytest.raises(UsageError, match="ties is one of efron, breslow, not 'exact'"):
        model_of("factor(im)", "exact")


def test_dependent_columns_are_refused(data_set):
    """R drops ngrp10+:hormon in silence (nobody without nodes had hormones); the rest of its fit is ours without that column."""
    if not REFERENCE:
        pytest.skip("the Rotterdam data are not kept here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    cohort, method = cohort_of("rotterdam", data_set), "Surv(dyr,death)~ngrp*hormon+age | efron"
    said = "ngrp[T.10+]:hormon follows exactly from hormon, ngrp[T.1-3]:hormon, ngrp[T.4-9]:hormon: leave one of them out of the formula"
    with pytest.raises(InputError, match=re.escape(said)):
        CoxModel("ngrp * hormon + age")(cohort)
    ngrp, hormon = cohort.column("ngrp"), cohort.column("hormon")
    products = pd.DataFrame({f"ngrp{level}:hormon": (ngrp == level) * hormon for level in ("1-3", "4-9")})
    fit = CoxModel("ngrp + hormon + age + `ngrp1-3:hormon` + `ngrp4-9:hormon`").fit(cohort.with_columns(products))
    ours, rows = as_r_gives_it(fit), rows_of("rotterdam", "coxph", method)
    rows = rows[rows["term"] != "ngrp10+:hormon"]
    assert len(rows) > 50
    for row in rows.itertuples():
        assert ours[row.term, row.statistic] == close(row), (row.term, row.statistic)
    table = ProportionalHazards(CoxModel("age")).of(fit, {"ngrp": fit.design.groups["ngrp"], "ngrp:hormon": (5, 6)}).set_index("comparison")
    for row in rows_of("rotterdam", "cox.zph", f"{method} transform=km terms=TRUE").itertuples():
        if row.term in table.index and row.statistic == "chisq":
            assert table.loc[row.term, "statistic"] == pytest.approx(row.value, **CLOSE), row.term


@pytest.mark.parametrize("fitter", ["auto", "grouped", "lifelines"])
def test_a_group_without_events(fitter, data_set):
    """R diverges and prints p = .9993; the likelihood ratio and the score test have their limits all the same."""
    rows = reference_monotone()
    with pytest.warns(DataWarning, match=r"group: no finite hazard ratio"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "3 events for 1 coefficient")
        fit = CoxModel("group", fitter=fitter).fit(cohort_of("edge:group_without_events", data_set))
    row = fit.coefficients.loc[0]
    assert row[["coefficient", "std_error", "hazard_ratio", "conf_low", "conf_high", "z", "p_value"]].isna().all()
    assert (fit.n, fit.n_event, fit.fitter) == (8, 3, "grouped")
    ours = as_r_gives_it(fit)
    for statistic in ("loglik0", "loglik", "LR", "LR_df", "LR_p", "score", "score_p"):
        assert ours["(global)", statistic] == pytest.approx(rows[statistic], **CLOSE), statistic
    assert np.isnan(ours["(global)", "Wald"])
    assert fit.concordance == pytest.approx(rows["concordance"], **CLOSE)


def reference_monotone() -> pd.Series:
    rows = pd.read_csv(HERE / "r" / "cox_reference.csv")
    rows = rows[(rows["analysis"] == "coxph_monotone_likelihood") & (rows["term"] == "(global)")]
    return rows.set_index("statistic")["value"]
