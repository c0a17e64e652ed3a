"""What follows a Cox fit against R's survival, row by row: residuals, predictions with their limits, concordance, splines, time splits.

`r/cox_after_fit_reference.R` makes the rows kept here; where SURVIVAL_NODES_REFERENCE names the folder of the full reference, the
same tests run on its rows too. A model is read off R's own call, so that a row without an answer fails.
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

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.cox_fit import CoxFit
from survival_nodes.kernels.concordance import concordance_variance
from survival_nodes.kernels.splines import restricted_cubic_basis

HERE, REFERENCE = Path(__file__).parent, os.environ.get("SURVIVAL_NODES_REFERENCE", "")
KEYS = ["dataset", "analysis", "method", "group", "time", "term", "statistic", "value"]
CLOSE = {"rel": 1e-6, "abs": 1e-300}
EXACT = {"rel": 1e-9, "abs": 1e-9}
# Rows of R that are not met, or are met elsewhere: a part of the method -> why.
LEFT = {
    "| exact": "exact ties are not offered",
    "ngrp*hormon": "R drops a dependent column in silence; here it is refused",
}
# Single statistics that are not met: (part of the method, statistic) -> why.
STATISTICS_LEFT = {("+tt(", "concordance_se"): "R takes each piece of a patient for a patient (test_pieces_of_a_patient_vary_together)"}
SIZES = {"ngrp": ["10+", "0", "1-3", "4-9"], "size": ["<=20", "20-50", ">50"]}  # R leaves the last level out of an interaction with strata
KINDS = {"scaledsch": "scaled-schoenfeld"}
WEIGHTINGS = {"n": "harrell", "S": "peto", "n/G2": "uno"}
COUNTS = {
    "C": "concordance", "se": "std_error", "concordant": "concordant", "discordant": "discordant", "tied.x": "tied_score", "tied.y": "tied_time",
    "tied.xy": "tied_both"}


@functools.cache
def reference() -> pd.DataFrame:
    rows = pd.read_csv(HERE / "r" / "cox_after_fit_reference.csv", dtype=str, keep_default_na=False)[KEYS]
    if REFERENCE:
        full = pd.read_csv(Path(REFERENCE) / "reference.csv.gz", dtype=str, keep_default_na=False)[KEYS]
        full = full.assign(statistic=full["statistic"].str.replace(r"^(surv|std_err|lower|upper)\.\d$", r"\1", regex=True))
        rows = pd.concat([rows, full[full["analysis"].isin({*rows["analysis"], "coxph"})]]).drop_duplicates([*KEYS[:6], "statistic"])
    return rows.assign(value=rows["value"].replace("NA", "nan").astype(float))


def cases(analysis: str, part: str = "", statistic: str = "") -> list:
    """Every (dataset, method) that R has rows for."""
    rows = reference()
    rows = rows[(rows["analysis"] == analysis) & rows["method"].str.contains(part, regex=False)]
    rows = rows[rows["statistic"] == statistic] if statistic else rows
    pairs = rows[["dataset", "method"]].drop_duplicates().itertuples(index=False, name=None)
    return [pytest.param(*pair, id=" ".join(pair)) for pair in pairs if not any(left in pair[1] for left in LEFT)]


def rows_of(dataset: str, analysis: str, method: str) -> pd.DataFrame:
    rows = reference()
    return rows[(rows["dataset"] == dataset) & (rows["analysis"] == analysis) & (rows["method"] == method)]


@functools.cache
def cohort_of(dataset: str, read_data_set) -> Cohort:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # odd units and codes of these data sets are known
        if dataset == "rotterdam":
            frame = read_data_set("rotterdam").read()
            logs = frame.assign(lpgr=np.log(frame["pgr"] + 1), ler=np.log(frame["er"] + 1))
            return Cohort.from_frame(logs, {"years": "dtime", "event": "death", "patient_id": "pid"}, "days", levels=SIZES)
        if dataset == "synB_attained_age":
            ages = {"patient_id": "id", "entry_years": "age_entry", "years": "age_exit", "event": "status"}
            return Cohort.from_frame(read_data_set("synB").read(), ages, "years", levels=read_data_set("synB").levels)
        spec = read_data_set(dataset)
        return Cohort.from_frame(spec.read(), spec.columns, spec.time_unit, levels=spec.levels, days_per_year=spec.days_per_year)


@functools.cache
def fit_of(dataset: str, right_side: str, ties: str, options: str, read_data_set) -> CoxFit:
    """Read R's right-hand side as a model: factor(x) is C(x), strata(x,y) are strata, a name with a dot is quoted."""
    terms = re.findall(r"[^+(]+(?:\([^)]*\))?", right_side.replace(" ", ""))
    strata = tuple(name for term in terms if term.startswith("strata(") for name in term[7:-1].split(","))
    formula = "+".join(re.sub(r"\b[a-z]+\.[a-z]+\b", r"`\g<0>`", term.replace("factor(", "C(")) for term in terms if not term.startswith("strata("))
    chosen = {"weights": "wt"} if "weights" in options else {}
    chosen |= {"cluster": "hosp"} if "cluster" in options else {"robust": True} if "robust" in options else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few events, few clusters and missing covariates: elsewhere
        return CoxModel(formula, ties=ties, strata=strata, fitter="grouped", **chosen).fit(cohort_of(dataset, read_data_set))


def read_method(dataset: str, method: str, read_data_set) -> tuple[CoxFit, str]:
    """Read "right side [| options] ties last"; gives the fit and what stands last."""
    found = re.fullmatch(r"(?:Surv\(.*?\) ?~ ?)?(.+?) (?:\| (.+) )?(efron|breslow) ?(.*)", method)
    return fit_of(dataset, found[1], found[3], found[2] or "", read_data_set), found[4]


def profile_of(group: str) -> dict[str, list]:
    return {name: [value] for name, value in (pair.split("=", 1) for pair in group.split(": ")[1].split(";"))}


@pytest.mark.parametrize(("dataset", "method"), cases("cox_residuals"))
def test_residuals(dataset, method, data_set):
    fit, kind = read_method(dataset, method, data_set)
    table = fit.residuals(KINDS.get(kind, kind))
    for group, own in rows_of(dataset, "cox_residuals", method).groupby("group"):
        column = table.columns[-1] if group == "all" else {re.sub(r"\[T\.(.*?)\]", r"\1", name): name for name in table.columns}[group]
        place = own["term"].str.removeprefix("i=").astype(int).to_numpy() - 1
        np.testing.assert_allclose(table[column].to_numpy()[place], own["value"].to_numpy(), rtol=1e-6, atol=1e-9)
    assert len(table) == (fit.n_event if "sch" in kind else fit.n)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_predicted_survival"))
def test_predicted_survival(dataset, method, data_set):
    fit, stype = read_method(dataset, method, data_set)
    estimator = {"stype=1": "kalbfleisch-prentice", "stype=2": "exp(-H)"}[stype]
    names = {"surv": "survival", "std_err": "std_error", "lower": "conf_low", "upper": "conf_high"}
    rows = rows_of(dataset, "cox_predicted_survival", method)
    assert set(rows["statistic"]) == set(names)
    for (group, statistic), own in rows.groupby(["group", "statistic"]):
        years = own["time"].astype(float).to_numpy() / cohort_of(dataset, data_set).clock.per_year
        predicted = fit.predict(profile_of(group), years, estimator=estimator)
        assert predicted[names[statistic]].to_numpy() == pytest.approx(own["value"].to_numpy(), **CLOSE)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_lp"))
def test_linear_predictor(dataset, method, data_set):
    fit, reference_point = read_method(dataset, method, data_set)
    plain = method.rsplit(" ", 1)[0]
    spelled = reference()
    spelled = spelled[(spelled["dataset"] == dataset) & (spelled["analysis"] == "cox_predicted_survival") & spelled["method"].str.startswith(f"{plain} stype")]
    profiles = {group.split(":")[0]: profile_of(group) for group in spelled["group"]}
    for row in rows_of(dataset, "cox_lp", method).itertuples():
        table = fit.linear_predictor(profiles[row.group.split(":")[0]], centre=reference_point.removeprefix("reference="))
        ours = table[{"lp": "linear_predictor", "se": "std_error"}[row.statistic]][0]
        assert ours == pytest.approx(row.value, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_basehaz"))
def test_baseline_hazard(dataset, method, data_set):
    fit, centered = read_method(dataset, method, data_set)
    baseline = fit.baseline_at("sample" if centered == "centered=TRUE" else "zero")
    for row in rows_of(dataset, "cox_basehaz", method).itertuples():
        reached = baseline["years"] <= float(row.time) / cohort_of(dataset, data_set).clock.per_year + 1e-9
        assert baseline.loc[reached, "cumulative_hazard"].max() == pytest.approx(row.value, **CLOSE) if reached.any() else row.value == 0


@pytest.mark.parametrize(("dataset", "method"), cases("concordance"))
def test_concordance_and_its_pairs(dataset, method, data_set):
    fit, how = read_method(dataset, method, data_set)
    ymax = float(how.removeprefix("ymax=")) / cohort_of(dataset, data_set).clock.per_year if how.startswith("ymax") else None
    ours = fit.concordance_table(WEIGHTINGS[how.removeprefix("timewt=")] if ymax is None else "harrell", ymax).loc[0]
    rows = rows_of(dataset, "concordance", method)
    assert set(rows["statistic"]) == set(COUNTS)
    for row in rows.itertuples():
        assert ours[COUNTS[row.statistic]] == pytest.approx(row.value, **EXACT), row.statistic


PLAIN = [case for case in cases("coxph", statistic="concordance_se") if not re.search(r"rcs|tt\(|landmark", case.id)]


@pytest.mark.parametrize(("dataset", "method"), PLAIN)
def test_concordance_std_error(dataset, method, data_set):
    right_side, ties, *options = method.split("~")[-1].split(" | ")
    fit = fit_of(dataset, right_side, ties, "".join(options), data_set)
    rows = rows_of(dataset, "coxph", method).set_index("statistic")["value"]
    assert fit.concordance_std_error == pytest.approx(rows["concordance_se"], **EXACT)
    assert fit.concordance_table()["concordance"][0] == pytest.approx(rows["concordance"], **EXACT) == pytest.approx(fit.concordance, rel=1e-14)


def test_concordance_std_error_after_a_landmark(data_set):
    for case in cases("coxph", "landmark 2y", "concordance_se"):
        dataset, method = case.values
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            fit = CoxModel("ngrp + age").fit(cohort_of(dataset, data_set).where("years >= 2"))
        row = rows_of(dataset, "coxph", method).set_index("statistic").loc["concordance_se"]
        assert fit.concordance_std_error == pytest.approx(row["value"], **EXACT)


def spline_of(method: str) -> str:
    """Read "rcs(age) knots=35/46 ..." or "rcs(age, 4)" as a term."""
    knots = re.search(r"knots=([\d./]+)", method)
    return f"rcs(age, [{knots[1].replace('/', ', ')}])" if knots else re.search(r"rcs\(age, .*?\)", method)[0]


@pytest.mark.parametrize(("dataset", "method"), cases("coxph", "rcs("))
def test_spline_models(dataset, method, data_set):
    """R's terms in their order: the columns of the spline, then the rest; quantiles of the fitted ages give the knots that R was told."""
    other = method.split("|")[0].rsplit("+", 1)[1].strip()
    fit = fit_of(dataset, f"{spline_of(method)}+{other}", "efron", "", data_set)
    rows = rows_of(dataset, "coxph", method)
    names = list(dict.fromkeys(rows.loc[rows["term"] != "(global)", "term"]))
    # formulaic sorts a categorical covariate as it stands in the formula, and so does R
    own = fit.coefficients.set_index(pd.Index(names))
    columns = {"coef": "coefficient", "se": "std_error", "z": "z", "p": "p_value", "HR": "hazard_ratio", "HR_lower": "conf_low", "HR_upper": "conf_high"}
    ratio, wald, score = fit.tests["statistic"][:3]
    whole = {
        "n": fit.n, "nevent": fit.n_event, "loglik0": fit.log_likelihood.null, "loglik": fit.log_likelihood.model, "LR": ratio, "Wald": wald,
        "score": score, "concordance": fit.concordance, "concordance_se": fit.concordance_std_error, "LR_df": fit.tests["df"][0],
        **dict(zip(("LR_p", "Wald_p", "score_p"), fit.tests["p_value"][:3], strict=True)), "AIC": fit.aic, "BIC": fit.bic}
    for row in rows.itertuples():
        ours = whole[row.statistic] if row.term == "(global)" else own.loc[row.term, columns[row.statistic]]
        assert ours == pytest.approx(row.value, **CLOSE), (row.term, row.statistic)


@pytest.mark.parametrize(("dataset", "method"), cases("rcs_basis"))
def test_spline_basis(dataset, method, data_set):
    term = "rcs(age, 5)" if method == "norm=2" else method  # of Rotterdam: the same knots as in its model
    design = CoxModel(term).fit(cohort_of(dataset, data_set)).design
    for row in rows_of(dataset, "rcs_basis", method).itertuples():
        ours = design.columns_of(pd.DataFrame({"age": [float(row.group.removeprefix("age="))]}))[0]
        assert ours[int(row.term.removeprefix("b")) - 1] == pytest.approx(row.value, **EXACT)


@pytest.mark.parametrize(("dataset", "method"), cases("rcs_hr"))
def test_hazard_ratio_along_a_spline(dataset, method, data_set):
    spline = spline_of(method) if "rcs(" in method else "rcs(age, [35, 46, 54, 64, 77])"
    other = {"rotterdam": "grade", "synA": "node"}[dataset]
    fit = fit_of(dataset, f"{spline}+{other}", "efron", "", data_set)
    level = cohort_of(dataset, data_set).column(other).iloc[0]
    names = {"logHR": "log_hazard_ratio", "se": "std_error", "HR": "hazard_ratio", "lower": "conf_low", "upper": "conf_high"}
    for row in rows_of(dataset, "rcs_hr", method).itertuples():
        against = float(method.rsplit("age ", 1)[1])
        table = fit.hazard_ratio({"age": [float(row.group.removeprefix("age="))], other: [level]}, {"age": against, other: level})
        assert table[names[row.statistic]][0] == pytest.approx(row.value, **CLOSE)


@pytest.mark.parametrize(("dataset", "method"), cases("rcs_nonlinearity"))
def test_straight_line_against_a_spline(dataset, method, data_set):
    spline = spline_of(method) if "rcs(age" in method else "rcs(age, [35, 46, 54, 64, 77])"
    other = {"rotterdam": "grade", "synA": "node"}[dataset]
    larger, smaller = (fit_of(dataset, f"{curve}+{other}", "efron", "", data_set) for curve in (spline, "age"))
    test = larger.compare(smaller).loc[0]
    for row in rows_of(dataset, "rcs_nonlinearity", method).itertuples():
        ours = test[{"chisq": "statistic", "df": "df", "p": "p_value"}[row.statistic]]
        # both log-likelihoods are known to about 1e-12 of themselves, and a small difference of them to less
        assert ours == pytest.approx(row.value, rel=1e-6, abs=1e-7 if row.statistic == "chisq" else 0)


@pytest.mark.parametrize(("dataset", "method"), cases("cox_time_split"))
def test_hazard_ratios_by_period(dataset, method, data_set):
    """R contrasts with the last level in each period, as it leaves that out of an interaction with strata; so do these cohorts' levels."""
    cuts = [float(cut) for cut in re.findall(r"[\d.]+(?=y|,| months)", method)]
    years = [cut / 12 for cut in cuts] if "months" in method else cuts
    group = re.search(r": (\w+):strata", method)[1]
    cohort = cohort_of(dataset, data_set).split_at(years)
    levels = cohort.levels[group]
    reference_level = "10+" if dataset == "rotterdam" else levels[-1]
    cohort = cohort.with_columns(pd.DataFrame({group: pd.Categorical(
        cohort.column(group).astype(str), categories=[reference_level, *(level for level in levels if level != reference_level)])}))
    fit = CoxModel(f"{group}:period + age", strata="period").fit(_undeclared(cohort, group))
    periods = cohort.levels["period"]
    own = fit.coefficients.set_index("term")
    rows = rows_of(dataset, "cox_time_split", method)
    assert len(rows) == 2 * len(own) == 20
    for row in rows.itertuples():
        found = re.fullmatch(rf"{group}(.*):strata\(per\)per=(\d)", row.term)
        term = f"{group}[T.{found[1]}]:period[{periods[int(found[2]) - 1]}]" if found else row.term
        assert own.loc[term, {"coef": "coefficient", "se": "std_error"}[row.statistic]] == pytest.approx(row.value, **CLOSE)


def _undeclared(cohort: Cohort, name: str) -> Cohort:
    """Give the cohort with the levels of a column as its categories say."""
    from dataclasses import replace

    return replace(cohort, declared_levels={key: levels for key, levels in cohort.declared_levels.items() if key != name})


@pytest.mark.parametrize(("dataset", "method"), cases("coxph", "+tt("))
def test_covariates_that_change_with_time(dataset, method, data_set):
    """Cut at every event time, and what a patient has then is computed of the piece's end."""
    name, unit = re.match(r"(\w+)\+tt.*log\(t (\w+)\)", method).groups()
    whole = cohort_of(dataset, data_set)
    narrow = Cohort.from_frame(whole.rows[["patient_id", "years", "event", name]], time_unit="years")  # few columns: there are many pieces
    pieces = narrow.split_at(np.unique(narrow.column("years")[narrow.column("event") == 1]))
    logarithm = np.log(pieces.column("years") * whole.clock.per_year)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        model = CoxModel(f"{name} + product", ties=method.split(" | ")[1])
        fit = model.fit(pieces.with_columns(pd.DataFrame({"product": pieces.column(name) * logarithm})))
    assert pieces.n_patients == whole.n_patients and whole.clock.unit == unit
    columns = {"coef": "coefficient", "se": "std_error", "z": "z", "p": "p_value", "HR": "hazard_ratio", "HR_lower": "conf_low", "HR_upper": "conf_high"}
    own = fit.coefficients.set_index(pd.Index([name, f"tt({name})"]))
    (ratio, wald, score), p_values = fit.tests["statistic"][:3], fit.tests["p_value"][:3]
    ours = {
        "n": whole.n_patients, "nevent": fit.n_event, "loglik0": fit.log_likelihood.null, "loglik": fit.log_likelihood.model, "LR": ratio, "LR_df": 2,
        "Wald": wald, "score": score, "concordance": fit.concordance, "AIC": fit.aic, "BIC": fit.bic,
        **dict(zip(("LR_p", "Wald_p", "score_p"), p_values, strict=True))}
    for row in rows_of(dataset, "coxph", method).itertuples():
        if any(part in method and row.statistic == statistic for part, statistic in STATISTICS_LEFT):
            continue
        value = ours[row.statistic] if row.term == "(global)" else own.loc[row.term, columns[row.statistic]]
        assert value == pytest.approx(row.value, **CLOSE), (row.term, row.statistic)


def test_pieces_of_a_patient_vary_together(data_set):
    """R's error of the concordance takes the pieces to be independent; ours sums them by patient, and is R's number where it does not."""
    cohort = cohort_of("btrial", data_set)
    pieces = cohort.split_at(np.unique(cohort.column("years")[cohort.column("event") == 1]))
    product = pieces.column("im") * np.log(pieces.column("years") * 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        fit = CoxModel("im + product").fit(pieces.with_columns(pd.DataFrame({"product": product})))
        plain = CoxModel("im").fit(cohort).concordance_std_error
        assert CoxModel("im").fit(pieces).concordance_std_error == pytest.approx(plain, rel=1e-12)
    from survival_nodes.estimates.cox_concordance import _pairs

    row = rows_of("btrial", "coxph", "im+tt(im)=im*log(t months) | efron").set_index("statistic")["value"]
    apart = np.sqrt(concordance_variance(_pairs(fit, "harrell", None), fit.rows.weight))
    assert apart == pytest.approx(row["concordance_se"], **EXACT)
    assert fit.concordance_std_error != pytest.approx(apart, rel=0.01)


def test_every_reason_for_leaving_a_row_out_is_in_use():
    if not REFERENCE:
        pytest.skip("the rows that are left out are those of the full reference: set SURVIVAL_NODES_REFERENCE to its folder")
    for part in LEFT:
        assert reference()["method"].str.contains(part, regex=False).any(), part


def test_knots_that_r_was_told_are_the_quantiles(data_set):
    """The basis of one's own knots is that of the number, where they are the same."""
    if not REFERENCE:
        pytest.skip("the Rotterdam data are not kept here: set SURVIVAL_NODES_REFERENCE to the folder of the full reference")
    age = cohort_of("rotterdam", data_set).column("age").to_numpy(dtype=float)
    ours = CoxModel("rcs(age, 5)").fit(cohort_of("rotterdam", data_set)).design.matrix
    np.testing.assert_array_equal(ours, restricted_cubic_basis(age, np.array([35.0, 46, 54, 64, 77])))
