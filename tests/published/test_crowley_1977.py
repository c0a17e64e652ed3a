"""Crowley and Hu 1977, J Am Stat Assoc 72:27-36: survival of 103 patients accepted for a heart transplant at Stanford, 69 of whom got one.

Waiting and the time with a new heart are two pieces of a patient's follow-up. The figures are R's for the paper's data
(`r/textbook_figures.R`); the paper's finding is that a new heart as such (coefficient -0.01) does nothing to be seen.
"""

from __future__ import annotations

import pytest

import survival_nodes as sn

TERMS = {"transplant": "transplant1", "age": "age", "surgery": "surgery", "year": "year"}


@pytest.fixture(scope="module")
def rows(published_rows):
    return published_rows("heart")


@pytest.fixture(scope="module")
def cohort(rows):
    with pytest.warns(sn.errors.UnitWarning):  # half of the pieces end within 46 days
        return sn.Cohort.from_frame(rows, {"patient_id": "id", "entry_years": "start", "years": "stop"}, "days")


def test_patients_and_pieces(cohort):
    assert (cohort.n_patients, len(cohort), int(cohort.events().sum())) == (103, 172, 75)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_a_new_heart_as_it_comes(cohort, r_figure, ties):
    fit, analysis = sn.CoxModel("transplant + age + surgery + year", ties=ties).fit(cohort), f"heart cox {ties}"
    for row in fit.coefficients.to_dict("records"):
        assert row["coefficient"] == pytest.approx(r_figure(analysis, TERMS[row["term"]], "coef"), rel=1e-6)
        assert row["std_error"] == pytest.approx(r_figure(analysis, TERMS[row["term"]], "se"), rel=1e-6)
    assert list(fit.log_likelihood) == pytest.approx([r_figure(analysis, "", name) for name in ("loglik0", "loglik")], rel=1e-9)
    assert round(fit.coefficients["coefficient"][0], 2) == -0.01


def test_ever_transplanted_taken_as_known_from_the_start(rows, r_figure):
    """The mistake: who lives long enough gets a heart, and so a heart seems to spare three quarters of the deaths."""
    ends = rows.groupby("id")[["stop", "event", "transplant"]].max()
    table = sn.CoxModel("transplant")(sn.Cohort.from_frame(ends, {"years": "stop"}, "days"))
    assert table["coefficient"][0] == pytest.approx(r_figure("heart ignoring time", "transplant", "coef"), rel=1e-6)
    assert table["hazard_ratio"][0] < 0.3


def test_a_landmark_takes_the_mistake_away(cohort, rows):
    """Thirty days after acceptance the groups are those who have a heart by then and those who wait still; later hearts are left out of sight."""
    has = rows[(rows["transplant"] == 1) & (rows["start"] <= 30)]["id"]
    ends = rows.groupby("id")[["stop", "event"]].max().reset_index()
    ends["heart_by_30_days"] = ends["id"].isin(has).map({True: "yes", False: "no"})
    later = sn.Cohort.from_frame(ends, {"patient_id": "id", "years": "stop"}, "days").landmark(30 / 365.25)
    assert len(later) == int((ends["stop"] > 30).sum())
    row = sn.CoxModel("heart_by_30_days")(later).iloc[0]
    assert row["conf_low"] < 1 < row["conf_high"]
