"""What holds of follow-up cut into pieces: nothing that is counted or fitted changes, whatever the cuts."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survival_nodes.cohort import Cohort
from survival_nodes.errors import DataWarning, UsageError
from survival_nodes.estimates.cox import CoxModel
from survival_nodes.estimates.kaplan_meier import KaplanMeier
from survival_nodes.estimates.person_years import PersonYears

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.sampled_from([0.25, 0.5, 1, 1.5, 2, 2.7, 3, 5, 8, 40]), min_size=1, max_size=4)


def cohort_of(seed: int, unit: str = "months", n: int = 60) -> Cohort:
    generator = np.random.default_rng(seed)
    time = generator.integers(0, 100, n) if unit != "years" else generator.random(n).round(3) * 8
    entry = np.where(generator.random(n) < 0.3, np.floor(time * generator.random(n) * 0.9), 0)
    frame = pd.DataFrame({
        "years": time, "entry_years": entry, "event": (generator.random(n) < 0.6).astype(int), "age": generator.normal(60, 10, n),
        "node": generator.choice(["a", "b"], n)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Cohort.from_frame(frame, time_unit=unit)


@FEW
@given(SEEDS, st.sampled_from(["days", "months", "years"]), CUTS)
def test_curves_person_years_and_patients_are_unchanged(seed, unit, cuts):
    cohort = cohort_of(seed, unit)
    pieces = cohort.split_at(cuts)
    assert pieces.n_patients == cohort.n_patients and len(pieces) >= len(cohort) and pieces.events().sum() == cohort.events().sum()
    at = (0.1, 1, 2.7, 5)
    for estimator in (KaplanMeier("node", at_years=at), KaplanMeier("node", at_years=at, estimator="nelson-aalen")):
        pd.testing.assert_frame_equal(estimator(pieces), estimator(cohort), rtol=1e-12)
        pd.testing.assert_frame_equal(estimator.curve(pieces), estimator.curve(cohort), rtol=1e-12)
    if cohort.column("years").sum() > 0:
        pd.testing.assert_frame_equal(PersonYears("node")(pieces), PersonYears("node")(cohort), rtol=1e-9)


@FEW
@given(SEEDS, st.sampled_from(["months", "years"]), CUTS, st.sampled_from(["efron", "breslow"]))
def test_a_model_is_unchanged_also_with_periods_as_strata(seed, unit, cuts, ties):
    cohort = cohort_of(seed, unit)
    pieces = cohort.split_at(cuts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        whole, cut, by_period = (
            CoxModel("age + node", ties=ties, strata=strata, fitter="grouped").fit(each)
            for each, strata in ((cohort, ()), (pieces, ()), (pieces, "period")))
    for fit in (cut, by_period):
        np.testing.assert_allclose(fit.coefficients[["coefficient", "std_error"]], whole.coefficients[["coefficient", "std_error"]], rtol=1e-7)
    if np.isfinite(whole.concordance):
        assert cut.concordance == pytest.approx(whole.concordance, rel=1e-9)
        assert cut.concordance_std_error == pytest.approx(whole.concordance_std_error, rel=1e-7)  # summed by patient
    summed = cut.residuals("martingale").groupby("patient_id", sort=False)["residual"].sum().to_numpy()
    np.testing.assert_allclose(summed, whole.residuals("martingale")["residual"].to_numpy(), atol=1e-9)


@FEW
@given(SEEDS, CUTS)
def test_pieces_join_and_lie_within_their_periods(seed, cuts):
    cohort, edges = cohort_of(seed, "days"), [0, *sorted(set(cuts)), np.inf]
    rows = cohort.split_at(cuts, "part").rows
    after = rows["patient_id"].eq(rows["patient_id"].shift())
    assert rows.loc[after, "entry_years"].equals(rows["years"].shift()[after])
    period = rows["part"].cat.codes.to_numpy()
    assert (rows["years"] <= np.take(edges, period + 1) + 1e-12).all() and (rows["entry_years"] >= np.take(edges, period) - 1e-12).all()
    last = ~rows["patient_id"].eq(rows["patient_id"].shift(-1))
    assert (rows.loc[~last, "event"] == 0).all() and rows.loc[last, "event"].to_numpy().tolist() == cohort.events().tolist()


@FEW
@given(SEEDS, CUTS, CUTS)
def test_cuts_in_two_steps_are_cuts_at_once(seed, first, second):
    cohort = cohort_of(seed, "days")
    twice, once = cohort.split_at(first, "one").split_at(second, "two"), cohort.split_at([*first, *second])
    columns = ["patient_id", "years", "entry_years", "event"]
    pd.testing.assert_frame_equal(twice.rows[columns], once.rows[columns], rtol=1e-12)


def test_pieces_by_hand():
    """Cut at 2 and 5: a death at 2 belongs to the first period; half a day is kept where a year is 365.25 days; zero stays zero."""
    frame = pd.DataFrame({"years": [730, 731, 0, 3000], "entry_years": [0, 0, 0, 1000], "event": [1, 1, 0, 1], "x": [1, 2, 3, 4]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        cohort = Cohort.from_frame(frame, time_unit="days")
    pieces = cohort.split_at((5, 2, 2))
    rows = pieces.rows
    assert rows["patient_id"].tolist() == ["1", "2", "2", "3", "4", "4"] and rows["x"].tolist() == [1, 2, 2, 3, 4, 4]
    assert (rows["years"] * 365.25).round(9).tolist() == [730, 730.5, 731, 0, 1826.25, 3000]
    assert (rows["entry_years"] * 365.25).round(9).tolist() == [0, 0, 730.5, 0, 1000, 1826.25]
    assert rows["event"].tolist() == [1, 0, 1, 0, 0, 1]
    assert rows["period"].tolist() == ["0 to 2 years", "0 to 2 years", "2 to 5 years", "0 to 2 years", "2 to 5 years", "5 years on"]
    assert rows["period"].cat.ordered and pieces.levels["period"] == ("0 to 2 years", "2 to 5 years", "5 years on")
    assert pieces.ledger.frame.iloc[-1][["rule", "n_before", "n_after"]].tolist() == ["follow-up cut: period", 4, 4]
    months = Cohort.from_frame(pd.DataFrame({"years": [24, 25], "event": [1, 1]}), time_unit="months").split_at(2)
    assert months.clock.grid is None and months.rows["period"].tolist() == ["0 to 2 years", "0 to 2 years", "2 years on"]


def test_causes_stand_on_the_last_piece_and_other_endpoints_are_left_behind():
    frame = pd.DataFrame({
        "years": [12, 48], "event": [1, 2], "recurrence_years": [6, 48], "recurrence_event": [1, 0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        cohort = Cohort.from_frame(frame, time_unit="months", causes={0: "none", 1: "breast-cancer", 2: "other"})
    pieces = cohort.split_at(3)
    assert pieces.rows["cause"].tolist() == ["breast-cancer", "none", "other"] and pieces.events("other").tolist() == [0, 0, 1]
    assert "recurrence" in cohort.endpoints and "recurrence" not in pieces.endpoints and "recurrence_years" not in pieces.rows
    recurrences = cohort.with_endpoint("recurrence").split_at(0.25)
    assert recurrences.endpoint == "recurrence" and recurrences.rows["event"].tolist() == [0, 1, 0, 0]
    assert pieces.with_endpoint("breast-cancer").events().tolist() == [1, 0, 0]


def test_names_of_periods_tell_close_cuts_apart():
    cohort = Cohort.from_frame(pd.DataFrame({"years": [1.0, 2.5], "event": [1, 1]}), time_unit="years")
    assert cohort.split_at((1.00001, 1.00002)).levels["period"] == ("0 to 1.00001 years", "1.00001 to 1.00002 years", "1.00002 years on")
    assert cohort.split_at(1).levels["period"] == ("0 to 1 year", "1 year on")


@pytest.mark.parametrize(("years", "name", "said"), [
    (0, "period", "cut at times in years above 0, as (2, 5), not at 0"), ((), "period", "not at ()"), ("2", "period", "not at '2'"),
    ((2, np.inf), "period", "above 0"), (True, "period", "not at True"), (2, "age", "has a column 'age' already"),
    (2, "entry_years", "has a column 'entry_years' already")])
def test_cuts_that_cannot_be(years, name, said):
    with pytest.raises(UsageError) as raised:
        cohort_of(1).split_at(years, name)
    assert said in str(raised.value)
