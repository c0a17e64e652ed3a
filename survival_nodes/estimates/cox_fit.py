"""What a fitted Cox model holds, and what can be asked of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..kernels.partial_likelihood import Evaluation, PartialLikelihood
from .cox_concordance import concordance_table, harrell
from .cox_prediction import baseline, baseline_at, hazard_ratio, linear_predictor, predict
from .cox_proportionality import proportionality_tests
from .cox_residuals import residuals
from .cox_rows import Rows, rows_likelihood
from .design import Design
from .nested_models import compare


class LogLikelihood(NamedTuple):
    """The log partial likelihood with every coefficient 0, and at the fit."""

    null: float
    model: float


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : DataFrame
        COEFFICIENTS; numbers are missing where the data do not give them.
    covariance : DataFrame
        Covariance of the coefficients, term by term: the one that intervals and tests are made from, robust where that was asked for.
    log_likelihood : LogLikelihood
        `null` and `model`; both penalised where there is a penalty.
    tests : DataFrame
        TESTS of all coefficients together: likelihood ratio, Wald (by `covariance`), score; and the robust score where the variance is
        robust. The first and third take rows to be independent.
    n, n_event, n_dropped : int
        Rows fitted, events among them, and rows left out because a covariate is missing or they weigh nothing.
    fitter : str
        Which fitter gave the coefficients: `lifelines`, or `grouped` (this package's own).
    penalty : str or None
        `firth`, or None.
    naive_covariance : DataFrame
        The covariance that rests on the model: the inverse of the information.
    design, rows, evaluation
        What the fit was made from, for the tests and residuals that follow it; `evaluation` is None where nothing could be fitted.
    solution : array, shape (p,)
        The coefficients at which the likelihood was evaluated; those without an estimate are where the climb ended, or 0.

    What is not needed for the coefficients, as concordance, baseline and residuals, is worked out when it is asked for.
    """

    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    log_likelihood: LogLikelihood
    tests: pd.DataFrame
    n: int
    n_event: int
    n_dropped: int
    fitter: str
    strata: tuple[str, ...] = ()
    penalty: str | None = None
    naive_covariance: pd.DataFrame | None = field(default=None, repr=False)
    design: Design | None = field(default=None, repr=False)
    rows: Rows | None = field(default=None, repr=False)
    evaluation: Evaluation | None = field(default=None, repr=False)
    solution: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def concordance(self) -> float:
        """Harrell's concordance: the fraction of comparable pairs in which the higher hazard fails first, ties counting a half."""
        return harrell(self)

    @cached_property
    def baseline(self) -> pd.DataFrame:
        """`stratum, years, cumulative_hazard` at every event time, where each number is 0 and each category at its reference."""
        return baseline(self)

    @cached_property
    def row_evaluation(self) -> Evaluation | None:
        """The likelihood at the fit, row by row."""
        if self.evaluation is None or isinstance(self.evaluation.likelihood, PartialLikelihood):
            return self.evaluation
        likelihood = rows_likelihood(self.design, self.rows, "efron" if self.evaluation.likelihood.efron else "breslow")
        return likelihood.at(self.solution * likelihood.scale)

    @property
    def aic(self) -> float:
        """Akaike's criterion; missing where the likelihood is penalised."""
        return self._criterion(2.0)

    @property
    def bic(self) -> float:
        """The Bayesian criterion with the logarithm of the events, as censored rows add next to nothing (Volinsky & Raftery 2000)."""
        return self._criterion(math.log(self.n_event) if self.n_event else math.nan)

    def _criterion(self, per_coefficient: float) -> float:
        df = float(self.tests["df"].iloc[0])
        return math.nan if self.penalty else per_coefficient * df - 2 * self.log_likelihood.model

    @cached_property
    def concordance_std_error(self) -> float:
        """The infinitesimal jackknife standard error of `concordance`, summed over clusters, or patients where some are in pieces."""
        return float(self.concordance_table()["std_error"].iloc[0])

    def concordance_table(self, weighting: str | Sequence[str] = "harrell", horizon_years: float | None = None) -> pd.DataFrame:
        """Give concordance with its standard error and the pairs it is made of.

        Parameters
        ----------
        weighting
            One or several of `harrell` (every pair counts alike; where many are censored, early pairs dominate, and the value hangs on
            the censoring), `uno` (each failure weighs one over the squared probability of not being censored before), `peto` (it weighs
            the survival just before).
        horizon_years
            Failures after it are not counted; None for all.

        Returns
        -------
        DataFrame
            `weighting, horizon_years, concordance, std_error, concordant, discordant, tied_score, tied_time, tied_both`: a row a
            weighting; the last five are sums of weights of pairs.

        Raises
        ------
        UsageError
            If there is no such weighting.
        InputError
            If Uno's weights are asked for where some come under observation late.
        """
        return concordance_table(self, weighting, horizon_years)

    def predict(
        self, profiles: pd.DataFrame | Mapping[str, Sequence], at_years: Sequence[float] | float, *, estimator: str = "exp(-H)",
    ) -> pd.DataFrame:
        """Predict survival, read as a step at or before each time.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate (and every column of the strata); its index names the profiles.
        at_years
            Times in years.
        estimator
            `exp(-H)`: exp of minus the cumulative hazard, Efron's or Breslow's as ties were treated. `kalbfleisch-prentice`: a product
            of factors, which reaches 0 where the last at risk die.

        Returns
        -------
        DataFrame
            `profile, years, survival, std_error, conf_low, conf_high, conf_level`: missing beyond the stratum's last follow-up, and
            where a coefficient is. The errors hold what the coefficients are unsure of too (Tsiatis 1981); limits are made on the
            logarithm of survival. In a stratum that begins late, as a period of `Cohort.split_at`, it is that of those still there then.

        Raises
        ------
        UsageError
            If a covariate is not given, or a level was not fitted (those fitted are listed).
        """
        return predict(self, profiles, at_years, estimator)

    def linear_predictor(self, profiles: pd.DataFrame | Mapping[str, Sequence], *, centre: str = "sample") -> pd.DataFrame:
        """Give the logarithm of each profile's hazard against a centre: `profile, linear_predictor, std_error`.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate; its index names the profiles.
        centre
            `sample`: the means of the patients fitted, but 0 for columns that hold nothing but -1, 0 and 1, so that categories stay at
            their reference; `zero`: every column 0.
        """
        return linear_predictor(self, profiles, centre)

    def baseline_at(self, centre: str = "sample") -> pd.DataFrame:
        """Give the cumulative hazard as in `baseline`, at a `centre` as in `linear_predictor`."""
        return baseline_at(self, centre)

    def hazard_ratio(self, profiles: pd.DataFrame | Mapping[str, Sequence], reference: Mapping[str, object]) -> pd.DataFrame:
        """Give the hazard of profiles over that of one reference, as along a spline.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate; its index names the profiles.
        reference
            The one compared with, a value a covariate, as ``{"age": 55, "grade": 2}``.

        Returns
        -------
        DataFrame
            `profile, hazard_ratio, log_hazard_ratio, std_error, conf_low, conf_high, conf_level`; the error is that of the logarithm.

        Raises
        ------
        UsageError
            If a covariate is not given, a level was not fitted, or the two are of different strata.
        """
        return hazard_ratio(self, profiles, reference)

    def residuals(self, kind: str = "martingale") -> pd.DataFrame:
        """Give residuals: a row a patient's row, or a row an event.

        Parameters
        ----------
        kind
            `martingale`: events less those expected; `deviance`: the same made even on both sides; `score`: what a row adds to the
            derivative of the likelihood; `dfbeta`: by how much it moves each coefficient (its weight included), `dfbetas`: the same in
            standard errors; `schoenfeld`: an event's covariates less their mean among those at risk, `scaled-schoenfeld`: the same
            scaled to the coefficient at that time.

        Returns
        -------
        DataFrame
            `row, patient_id, residual`, or one column a term instead of `residual`; `row` counts the cohort's rows from 1. The
            `schoenfeld` kinds have `years` too, and a row an event by stratum and time. These are numbers of single patients.

        Raises
        ------
        UsageError
            If there is no such kind.
        """
        return residuals(self, kind)

    def proportional_hazards(self, transform: str = "km", *, per_coefficient: bool = False) -> pd.DataFrame:
        """Test whether the hazard ratios stay the same over time, without fitting again: TESTS, as `ProportionalHazards` gives.

        Parameters
        ----------
        transform
            The function of time: `km`, `rank`, `identity` or `log`.
        per_coefficient
            A row a coefficient, where it is otherwise a row a term.

        Raises
        ------
        UsageError
            If the transform is unknown, or the model has a penalty.
        InputError
            If the transform is `log` and there is an event at time 0.
        """
        return proportionality_tests(self, transform, per_coefficient)

    def compare(self, smaller: CoxFit) -> pd.DataFrame:
        """Test this model against a smaller one within it by the likelihood ratio: TESTS.

        Raises
        ------
        UsageError
            If the models were fitted on different rows, are not nested, or have no likelihood of independent rows (weights that are not
            counts, clusters, a penalty).
        """
        return compare(self, smaller)
