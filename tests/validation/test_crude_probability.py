"""Crude probabilities of death from the cancer and from other causes: by hand, against a plain oracle, and against R's cmp.rel."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survival_nodes.cohort import Cohort
from survival_nodes.columns import ESTIMATES, check
from survival_nodes.errors import DataWarning, UnitWarning, UsageError
from survival_nodes.estimates import KaplanMeier
from survival_nodes.estimates.net_survival import NetSurvival
from survival_nodes.kernels.crude_probability import crude_probability, day_grid, expected_counts
from survival_nodes.kernels.life_table_paths import LifeTablePaths
from survival_nodes.life_tables import LifeTable

REFERENCE = Path(os.environ.get("SURVIVAL_NODES_REFERENCE", "/nowhere"))
YEARS, AGES = np.arange(1950, 2061), np.arange(0, 121)


def flat_table(rate_per_day: float) -> LifeTable:
    """The same rate for everybody, for ever."""
    return LifeTable(np.full((1, len(YEARS), len(AGES)), rate_per_day * 365.25), YEARS, AGES, {"sex": ("female",)}, name="flat")


def women(days: list[float], died: list[int], **more: object) -> Cohort:
    frame = pd.DataFrame({"t": days, "d": died, "age": 60.4, "sex": "female", "diagnosis_date": "2001-05-11"}).assign(**more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitWarning)  # follow-up of a few days: meant so
        return Cohort.from_frame(frame, {"years": "t", "event": "d"}, "days")


def at_days(cohort: Cohort, table: LifeTable, *days: float, by: str | None = None) -> pd.DataFrame:
    return NetSurvival(by, life_table=table, at_years=[day / 365.25 for day in days]).crude(cohort)


def random_rows(n: int, seed: int) -> dict[str, np.ndarray]:
    """Rows on their way through a table of two sexes whose rates rise with age and fall with time; some enter late."""
    rng = np.random.default_rng(seed)
    exits = rng.integers(1, 2500, n).astype(float)
    return {
        "stratum": rng.integers(0, 2, n), "date": rng.integers(3000, 9000, n) + 0.0, "age": rng.uniform(40, 85, n) * 365.25,
        "entry": np.where(rng.random(n) < 0.3, np.floor(exits * rng.random(n)), -1.0), "exit": exits, "event": rng.integers(0, 2, n)}


def rising_table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates per day (2, years, ages), cuts of the years (days since 1970) and of the ages (days)."""
    ages, years = np.arange(0, 101), np.arange(1970, 2011)
    rates = np.exp(-9.5 + 0.09 * ages)[None, None, :] * (1 - 0.01 * (years - 1970))[None, :, None] * np.array([1.0, 1.6])[:, None, None] / 365.25
    return rates, (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(float), ages * 365.25


def paths_of(rows: dict[str, np.ndarray]) -> LifeTablePaths:
    return LifeTablePaths(*rising_table(), rows["stratum"], rows["date"], rows["age"])


def plain_hazard(rows: dict[str, np.ndarray], i: int, start: float, stop: float) -> float:
    """The population's hazard of one row between two times: the rate in the middle of each stretch between crossings, times its length."""
    rates, year_cuts, age_cuts = rising_table()
    cuts = np.concatenate((year_cuts - rows["date"][i], age_cuts - rows["age"][i]))
    bounds = [start, *sorted(cut for cut in cuts if start < cut < stop), stop]
    total = 0.0
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        middle = (low + high) / 2
        year = max(int(np.sum(year_cuts <= rows["date"][i] + middle)) - 1, 0)
        age = max(int(np.sum(age_cuts <= rows["age"][i] + middle)) - 1, 0)
        total += rates[rows["stratum"][i], year, age] * (high - low)
    return total


def plain_crude(rows: dict[str, np.ndarray], points: np.ndarray) -> pd.DataFrame:
    """Crude probabilities, cell by cell and row by row, the variance as the double sum that defines it."""
    table, survival, disease, other = [], 1.0, 0.0, 0.0
    for start, stop in zip(points[:-1], points[1:], strict=True):
        there = [i for i in range(len(rows["exit"])) if rows["entry"][i] < stop <= rows["exit"][i]]
        n, deaths = len(there), sum(rows["event"][i] for i in there if rows["exit"][i] == stop)
        hazard = sum(plain_hazard(rows, i, start, stop) for i in there)
        if n:
            disease, other, survival = disease + survival * (deaths - hazard) / n, other + survival * hazard / n, survival * (1 - deaths / n)
        table.append((stop, survival, disease, other, deaths / n**2 if n else 0.0))
    found = pd.DataFrame(table, columns=["time", "survival", "disease", "other", "spread"])
    pairs = [(found[:last], found.iloc[last - 1]) for last in range(1, len(found) + 1)]
    found["disease_variance"] = [(past.spread * (past.survival - now.disease + past.disease) ** 2).sum() for past, now in pairs]
    found["other_variance"] = [(past.spread * (now.other - past.other) ** 2).sum() for past, now in pairs]
    return found


def test_the_oracle_by_hand():
    rows = {key: values[:1] for key, values in random_rows(1, 3).items()} | {"stratum": np.array([0]), "date": np.array([0.0]), "age": np.array([50 * 365.25])}
    a_year = np.exp(-9.5 + 0.09 * 50) / 365.25
    # 1970 and age 50 for 365 days; then 1971, and a quarter of a day later age 51
    assert plain_hazard(rows, 0, 0, 365) == pytest.approx(365 * a_year, rel=1e-14)
    assert plain_hazard(rows, 0, 364, 366) == pytest.approx(a_year + 0.25 * 0.99 * a_year + 0.75 * 0.99 * np.exp(0.09) * a_year, rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_kernel_is_the_oracle(seed):
    rows = random_rows(25, seed)
    points = day_grid(np.concatenate((rows["exit"], rows["entry"], [365.25])), 40.0)
    counts = expected_counts(paths_of(rows), rows["entry"], rows["exit"], rows["event"], points)
    found, plain = crude_probability(counts.n_risk, counts.n_event, counts.expected), plain_crude(rows, points)
    for name in ("survival", "disease", "other", "disease_variance", "other_variance"):
        np.testing.assert_allclose(getattr(found, name), plain[name], rtol=0, atol=1e-13, err_msg=name)


def test_three_patients_by_hand():
    # One death on day 1 of three, one censored on day 2, the last dies on day 3; the population dies at 1/100 a day.
    r = 1 / 100
    found = at_days(women([1, 2, 3], [1, 0, 1]), flat_table(r), 1, 2, 3)
    assert found["cause"].tolist() == ["cancer"] * 3 + ["other"] * 3
    expected = [1 / 3 - r, 1 / 3 - r - 2 / 3 * r, 1 / 3 - r - 2 / 3 * r + 2 / 3 * (1 - r), r, r + 2 / 3 * r, r + 2 / 3 * r + 2 / 3 * r]
    np.testing.assert_allclose(found["estimate"], expected, rtol=0, atol=1e-12)
    assert found["n_risk"].tolist() == [3, 2, 1] * 2 and found["n_event"].tolist() == [1, 1, 2] * 2 and found["n_censor"].tolist() == [0, 1, 1] * 2
    # day 2: one term, of day 1, with 1/9: (S(1) - F(2) + F(1))^2 for the cancer, (F(2) - F(1))^2 for other causes
    np.testing.assert_allclose(found["std_error"][[1, 4]], [(2 / 3 + 2 / 3 * r) / 3, 2 / 3 * r / 3], rtol=1e-9)
    assert check(found, ESTIMATES) == ()


def test_the_two_add_up_to_observed_mortality():
    rng = np.random.default_rng(11)
    days, died, group = rng.integers(0, 3000, 200), rng.integers(0, 2, 200), rng.choice(["a", "b"], 200)
    cohort = women(list(days), list(died), g=group)
    found, observed = at_days(cohort, flat_table(1e-4), 0, 365.25, 1800.5, by="g"), KaplanMeier("g", at_years=(0, 1, 1800.5 / 365.25))(cohort)
    both = found.groupby(["group", "years"])["estimate"].sum().to_numpy()
    np.testing.assert_allclose(both, 1 - observed["estimate"], rtol=0, atol=1e-13)
    assert found.loc[found["cause"] == "cancer", "n_event"].tolist() == observed["n_event"].tolist()


def test_a_table_of_zero_rates_leaves_all_deaths_to_the_cancer():
    cohort = women([5, 9, 9, 30, 41], [1, 1, 0, 1, 0])
    found = at_days(cohort, flat_table(0.0), 9, 35)
    np.testing.assert_allclose(found["estimate"], [1 - 4 / 5 * 3 / 4, 1 - 4 / 5 * 3 / 4 * 1 / 2, 0, 0], rtol=0, atol=1e-15)
    spread = 1 / 25 + 1 / 16
    np.testing.assert_allclose(found["std_error"], [3 / 5 * math.sqrt(spread), 3 / 10 * math.sqrt(spread + 1 / 4), 0, 0], rtol=1e-12, atol=1e-15)


def test_nobody_dies_and_one_patient():
    r = 2e-5
    found = at_days(women([800], [0]), flat_table(r), 700, 900)
    # all are expected to die of something else, so the cancer has taken fewer than none: shown as it is
    np.testing.assert_allclose(found["estimate"], [-700 * r, np.nan, 700 * r, np.nan], rtol=1e-12)
    assert found["std_error"].tolist()[::2] == [0, 0] and found["n_risk"].tolist() == [1, 0, 1, 0]
    gone = at_days(women([100], [1]), flat_table(r), 100, 900)
    np.testing.assert_allclose(gone["estimate"], [1 - 100 * r] * 2 + [100 * r] * 2, rtol=1e-12)  # nobody is left, and nothing more can happen


def test_a_death_on_the_day_of_diagnosis_is_counted():
    found = at_days(women([0, 10, 20], [1, 0, 0]), flat_table(0.0), 0, 5)
    np.testing.assert_allclose(found["estimate"][:2], [1 / 3, 1 / 3], rtol=1e-14)


def test_order_and_pieces_change_nothing():
    rng = np.random.default_rng(5)
    days, died = rng.integers(2, 2000, 60), rng.integers(0, 2, 60)
    whole = women(list(days), list(died), patient_id=np.arange(60).astype(str))
    cut = days // 2
    frame = pd.DataFrame({
        "t": np.concatenate((cut, days)), "d": np.concatenate((np.zeros(60, dtype=int), died)), "entry": np.concatenate((np.zeros(60), cut)),
        "patient_id": np.tile(np.arange(60).astype(str), 2), "age": 60.4, "sex": "female", "diagnosis_date": "2001-05-11"}).sample(frac=1, random_state=4)
    pieces = Cohort.from_frame(frame[frame["t"] > frame["entry"]], {"years": "t", "event": "d", "entry_years": "entry"}, "days")
    one, other = (at_days(cohort, flat_table(5e-5), 400, 900.5) for cohort in (whole, pieces))
    np.testing.assert_allclose(one["estimate"], other["estimate"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(one["std_error"], other["std_error"], rtol=0, atol=1e-13)


@pytest.mark.parametrize("option", [{"intervals": 12}, {"standard": "icss-1"}])
def test_what_does_not_go_together_is_refused(option):
    with pytest.raises(UsageError, match=f"leave out {next(iter(option))}="):
        NetSurvival(life_table=flat_table(1e-4), at_years=1, **option).crude(women([500], [1]))


def test_a_period_is_read_as_delayed_entry():
    cohort = women([100, 400, 700, 900], [1, 1, 0, 1], diagnosis_date=["2000-01-01"] * 4)
    found = NetSurvival(life_table=flat_table(0.0), at_years=700 / 365.25, period=("2000-07-19", None))
    with pytest.warns(DataWarning, match="contribute no time"):
        frame = found.crude(cohort)
    assert frame["estimate"].iloc[0] == pytest.approx(1 / 3) and frame["method"].iloc[0].startswith("Cronin-Feuer, daily, period from 2000-07-19")


GROUPS = {"stage2=0, stage3=0, stage99=0": "1", "stage2=1, stage3=0, stage99=0": "2", "stage2=0, stage3=1, stage99=0": "3", "stage2=0, stage3=0, stage99=1": "99"}


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
def test_colrec_is_cmp_rel(reference_rows):
    rows = reference_rows("colrec", "crude_probability")
    frame = pd.read_csv(REFERENCE / "data" / "colrec.csv")
    frame = frame.assign(sex=frame["sex"].map({1: "male", 2: "female"}), age=frame["age"] / 365.241, diagnosis_date=frame["diag_iso"])
    cohort = Cohort.from_frame(frame, {"years": "time", "event": "stat"}, "days", days_per_year=365.241)
    table = LifeTable.read(REFERENCE / "data" / "ratetable_slopop.csv", 365.241, "calendar")
    # The limits in the reference stand one row early: they are those of the next day of R's grid (and missing at the last).
    next_day = {365.241: 366, 1095.723: 1096, 1826.205: 1827}
    asked = NetSurvival("stage", life_table=table, at_years=[time / 365.241 for time in (365.241, 1095.723, 1826.205, 3652.41)]).crude(cohort)
    later = NetSurvival("stage", life_table=table, at_years=[time / 365.241 for time in next_day.values()]).crude(cohort)
    at = {(row.group, row.cause, round(row.years * 365.241, 3)): row for frame in (asked, later) for row in frame.itertuples()}
    met = 0
    for row in rows.itertuples():
        world, _, strata = row.group.partition(" ")
        key = (GROUPS[strata], {"causeSpec": "cancer", "population": "other"}[world])
        name = {"est": "estimate", "se": "std_error", "lower": "conf_low", "upper": "conf_high"}[row.statistic]
        if math.isnan(row.value):
            assert name.startswith("conf") and row.time == 3652.41
            continue
        ours = at[(*key, next_day[row.time] if name.startswith("conf") else row.time)]
        assert getattr(ours, name) == pytest.approx(row.value, rel=0, abs=1e-9), (row.group, row.time, row.statistic)
        met += 1
    assert met == 112
