"""Miettinen J, Rantanen M, Seppa K: popEpi, Functions for Epidemiological Analysis using Population Data (R package); its simulated Finnish breast cancer cohort.

The rows, the life table and the estimates come from the package, where it is installed; none is kept here. Printed in its documentation:
monthly, hazard form, at 5 years: observed .7986, Ederer II .8763 (.8665 to .8853), Pohar Perme .8700 (.8584 to .8808), and with the weights of ICSS 1 .8473.

Two slips of popEpi 0.4.10 stand between its figures and ours, and are shown here to be all that does: Pohar Perme's weights are the inverse
expected survival to half an interval *before* its start (a sign in `comp_pp_weights`), and in the last interval the event at its very end is lost.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.kernels.net_intervals import Stays, interval_sums, net_steps

SCRIPT = Path(__file__).parent / "r" / "popepi_sibr.R"
FORM = {"lifetable": "excess", "hazard": "hazard"}
ICSS = {"<45": 0.07, "45-54": 0.12, "55-64": 0.23, "65-74": 0.29, "75+": 0.29}  # popEpi's rows are under 45, not 15 to 44
YEAR = 365.25


@pytest.fixture(scope="module")
def popepi(tmp_path_factory) -> Path:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(popEpi); library(Epi)"], capture_output=True).returncode:
        pytest.skip("Rscript with the packages popEpi and Epi is not installed here")
    folder = tmp_path_factory.mktemp("popepi")
    subprocess.run([rscript, str(SCRIPT), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def rows(popepi) -> pd.DataFrame:
    return pd.read_csv(popepi / "rows.csv")


@pytest.fixture(scope="module")
def printed(popepi):
    table = pd.read_csv(popepi / "survtab.csv").set_index(["set", "method", "form", "time"]).sort_index()
    return lambda *key: table.loc[key]


@pytest.fixture(scope="module")
def life_table(popepi) -> sn.LifeTable:
    from survival_nodes.life_tables import LifeTable

    return LifeTable.read(popepi / "popmort.csv", year_advances="calendar")


@pytest.fixture(scope="module")
def paths(rows, life_table) -> LifeTablePaths:
    """Ways through the table in popEpi's own fractions of years, without dates."""
    return LifeTablePaths(
        life_table.daily, (life_table.years - 1970) * YEAR, life_table.age_cuts, np.zeros(len(rows), dtype=int), (rows["calendar"].to_numpy() - 1970) * YEAR,
        rows["age"].to_numpy() * YEAR)


def stays(rows, paths, months: int, window: tuple[float, float] = (-np.inf, np.inf)) -> Stays:
    follow_up, calendar = rows["follow_up"].to_numpy(), rows["calendar"].to_numpy()
    entry, exit_ = np.maximum(window[0] - calendar, 0.0), np.minimum(follow_up, window[1] - calendar)
    seen = np.flatnonzero(exit_ > entry)
    event = rows["event"].to_numpy() * (exit_ == follow_up)
    ends = np.arange(1, 60 / months + 1) * months / 12
    return Stays(paths.take(seen), entry[seen] * YEAR, exit_[seen] * YEAR, event[seen], np.ones(len(seen)), ends * YEAR)


def at_1_3_5(survival: np.ndarray, months: int) -> list[float]:
    return [float(survival[years * 12 // months - 1]) for years in (1, 3, 5)]


@pytest.mark.parametrize("months", [1, 12])
@pytest.mark.parametrize("form", FORM)
def test_ederer_ii_is_popepis_to_the_last_digits(rows, paths, printed, months, form):
    own = stays(rows, paths, months)
    sums = interval_sums(own, "middle")
    steps, variance = net_steps(sums, FORM[form], own.ends - own.starts)
    survival, theirs = np.cumprod(steps), printed(f"{months} plain", "e2", form)
    assert at_1_3_5(survival, months) == pytest.approx(theirs["estimate"].tolist(), abs=1e-9)
    observed = np.cumprod(net_steps(sums, "hazard" if form == "hazard" else "actuarial", own.ends - own.starts, expected=False)[0])
    assert at_1_3_5(observed, months) == pytest.approx(theirs["observed"].tolist(), abs=1e-9)
    # Theirs is the observed survival's error over an expected survival put together in another way, 1 - d*/n.
    close = 1e-7 if form == "hazard" else 1e-4
    assert at_1_3_5(survival * np.sqrt(np.cumsum(variance)), months) == pytest.approx(theirs["std_error"].tolist(), abs=close)


def test_ederer_ii_in_a_period_is_popepis(rows, paths, printed):
    """Pieces of a stay before the period are no part of it."""
    own = stays(rows, paths, 12, (2008.0, 2013.0))
    steps, _ = net_steps(interval_sums(own, "middle"), "hazard", own.ends - own.starts)
    assert at_1_3_5(np.cumprod(steps), 12) == pytest.approx(printed("12 period", "e2", "hazard")["estimate"].tolist(), abs=1e-9)


def test_pohar_perme_is_popepis_but_for_the_sign_in_its_weights(rows, paths, printed):
    own = stays(rows, paths, 12)
    right = at_1_3_5(np.cumprod(net_steps(interval_sums(own, "middle", weighted=True), "hazard", own.ends - own.starts)[0]), 12)
    theirs = printed("12 plain", "pp", "hazard")["estimate"].tolist()
    assert at_1_3_5(_with_the_slip(rows, paths), 12) == pytest.approx(theirs, abs=1e-9)
    assert np.subtract(theirs, right) == pytest.approx([0.0017, 0.0028, 0.0039], abs=1e-4)
    monthly = stays(rows, paths, 1)
    right = at_1_3_5(np.cumprod(net_steps(interval_sums(monthly, "middle", weighted=True), "hazard", monthly.ends - monthly.starts)[0]), 1)
    assert np.subtract(printed("1 plain", "pp", "hazard")["estimate"].tolist(), right) == pytest.approx([0.00015, 0.0003, 0.0004], abs=5e-5)


def _with_the_slip(rows, paths) -> np.ndarray:
    """Yearly Pohar Perme estimates with weights exp(H - h/2), H the hazard to the start of an interval and h that within it."""
    follow_up, before, survival, found = rows["follow_up"].to_numpy(), np.zeros(len(rows)), 1.0, []
    for start in range(5):
        time = np.clip(follow_up - start, 0, 1)
        middle = (start + time / 2) * YEAR
        year = np.searchsorted(paths.year_cuts, paths.date + middle, side="right") - 1
        age = np.searchsorted(paths.age_cuts, paths.age + middle, side="right") - 1
        hazard = paths.rates[0, year, age] * YEAR
        weight = np.exp(before - hazard / 2) * (time > 0)
        died = (rows["event"] == 1) & (follow_up > start) & (follow_up <= start + 1)
        survival *= np.exp(-(weight[died].sum() - (weight * time * hazard).sum()) / (weight * time).sum())
        before = before + hazard
        found.append(survival)
    return np.array(found)


@pytest.fixture(scope="module")
def cohort(rows) -> sn.Cohort:
    return sn.Cohort.from_frame(rows.assign(sex="female").drop(columns=["age", "calendar"]), {"years": "follow_up"}, "years")


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")  # follow-up beyond age 100, and rows outside the period
@pytest.mark.parametrize("months", [1, 12])
@pytest.mark.parametrize("form", FORM)
def test_from_dates_the_figures_differ_by_how_dates_become_years(cohort, life_table, printed, months, form):
    intervals = sn.Intervals(months, form=FORM[form], rates="middle")
    found = NetSurvival(method="ederer-ii", life_table=life_table, at_years=(1, 3, 5), intervals=intervals)(cohort)
    theirs = printed(f"{months} plain", "e2", form)
    assert found["estimate"].to_numpy() == pytest.approx(theirs["estimate"].to_numpy(), abs=3e-6)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize(("months", "form"), [(1, "hazard"), (12, "hazard"), (12, "lifetable")])
def test_age_standardised(cohort, life_table, printed, months, form):
    intervals = sn.Intervals(months, form=FORM[form], rates="middle")
    found = NetSurvival(method="ederer-ii", life_table=life_table, at_years=(1, 3, 5), intervals=intervals, standard=ICSS)(cohort)
    theirs = printed(f"{months} icss", "e2", form)
    assert found["estimate"].to_numpy() == pytest.approx(theirs["estimate"].to_numpy(), abs=1e-5)
    assert found["std_error"].to_numpy() == pytest.approx(theirs["std_error"].to_numpy(), abs=1e-6 if form == "hazard" else 3e-4)


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("form", ["actuarial", "excess", "hazard"])
def test_the_printed_figures_are_met_to_the_spread_of_programs(cohort, life_table, form):
    def five_years(method: str, standard=None) -> float:
        asked = NetSurvival(
            method=method, life_table=life_table, at_years=(5,), intervals=sn.Intervals(1, form=form), standard=standard, conf_type="log-log")
        return asked(cohort)

    ederer, pohar_perme, standardised = five_years("ederer-ii"), five_years("pohar-perme"), five_years("pohar-perme", ICSS)
    assert ederer["estimate"][0] == pytest.approx(0.8763, abs=5e-4)  # the lost event is worth .00015
    assert ederer[["conf_low", "conf_high"]].to_numpy()[0] == pytest.approx([0.8665, 0.8853], abs=5e-4)
    assert pohar_perme["estimate"][0] == pytest.approx(0.8700, abs=1e-3)
    assert standardised["estimate"][0] == pytest.approx(0.8473, abs=2e-3)
