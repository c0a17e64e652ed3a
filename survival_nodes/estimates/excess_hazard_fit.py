"""What a fitted model of the excess hazard holds, and the net survival that it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import UsageError
from .cox_fit import LogLikelihood
from .design import Design
from .options import normal_quantile, times_in_years


@dataclass(frozen=True, eq=False)
class ExcessHazardFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : DataFrame
        COEFFICIENTS of the covariates: `hazard_ratio` is the excess hazard ratio (of the multiplicative model the ratio of relative
        mortalities); numbers are missing where the data do not give them.
    baseline : DataFrame
        `term, from_years, to_years, coefficient, std_error, hazard, conf_low, conf_high, conf_level, person_years, n_event, expected`, a row an
        interval: the log of the excess hazard per year where all covariates are 0 or at their reference, the hazard itself with its
        interval, and what was observed and expected there. Empty for the multiplicative model, which has none. Of method `em`: `years, n_event,
        n_excess, hazard, cumulative_hazard, bandwidth`, a row an event time: deaths there, how many of them are of the excess by their
        probabilities, the smoothed excess hazard per year and Breslow's cumulative one where all covariates are 0 or at their reference, and
        the factor of the kernel's widths.
    covariance : DataFrame
        Of the coefficients and the baseline, term by term; of method `em` of the coefficients alone.
    log_likelihood : LogLikelihood
        `null`, with the baseline alone, and `model`.
    deviance, df_residual : float
        Of the cells that a binomial or Poisson model is fitted to; missing for the others.
    tests : DataFrame
        TESTS: the likelihood ratio of all covariates together.
    n, n_event, n_dropped : int
        Rows fitted, their events within the intervals, and rows left out because a covariate is missing.
    method : str
        Which model.
    intervals : tuple of float
        Cuts of the baseline, in years.
    """

    coefficients: pd.DataFrame
    baseline: pd.DataFrame
    covariance: pd.DataFrame
    log_likelihood: LogLikelihood
    deviance: float
    df_residual: float
    tests: pd.DataFrame
    n: int
    n_event: int
    n_dropped: int
    method: str
    intervals: tuple[float, ...]
    conf_level: float = 0.95
    design: Design | None = field(default=None, repr=False)

    def predict(self, profiles: pd.DataFrame | Mapping[str, Sequence], at_years: Sequence[float] | float) -> pd.DataFrame:
        """Predict net survival, exp(-cumulative excess hazard).

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate; its index names the profiles.
        at_years
            Times in years.

        Returns
        -------
        DataFrame
            `profile, years, net_survival, std_error, conf_low, conf_high, conf_level`; missing beyond the last interval, and where a coefficient
            is. Limits are made on the log of the cumulative excess hazard; method `em` gives none, nor a standard error.

        Raises
        ------
        UsageError
            If the model has no baseline, a covariate is not given, or a level was not fitted.
        """
        if self.method == "multiplicative":
            raise UsageError("the multiplicative model has no excess hazard to predict from: fit another method")
        given = profiles if isinstance(profiles, pd.DataFrame) else pd.DataFrame(profiles)
        columns, times = self.design.columns_of(given), np.array(times_in_years(at_years))
        rows = [self._at(covariates, time) for covariates in columns for time in times]
        frame = pd.DataFrame(rows, columns=["net_survival", "std_error", "conf_low", "conf_high"])
        frame.insert(0, "profile", np.repeat(given.index.to_numpy(), len(times)))
        frame.insert(1, "years", np.tile(times, len(given)))
        return frame.assign(conf_level=self.conf_level)

    def _at(self, covariates: np.ndarray, time: float) -> tuple[float, float, float, float]:
        """Give net survival at a time, its standard error and its limits."""
        if self.method == "em":
            return self._by_steps(covariates, time), np.nan, np.nan, np.nan
        begin, end = self.baseline["from_years"].to_numpy(), self.baseline["to_years"].to_numpy()
        own, baseline = (frame["coefficient"].to_numpy() for frame in (self.coefficients, self.baseline))
        predictor = float(covariates[covariates != 0] @ own[covariates != 0])  # a reference has no need of a ratio that does not exist
        if time > end[-1] + 1e-9:
            return (np.nan,) * 4
        parts = np.exp(predictor + baseline) * np.clip(time - begin, 0, end - begin)
        parts[begin >= time] = 0.0
        total = float(parts.sum())
        if total == 0:
            return 1.0, 0.0, 1.0, 1.0
        gradient = np.concatenate((covariates * total, parts))
        used = gradient != 0  # an interval not yet reached may have no finite hazard
        std_error = float(np.sqrt(gradient[used] @ self.covariance.to_numpy()[np.ix_(used, used)] @ gradient[used]))
        reach = normal_quantile(self.conf_level) * std_error / total
        return np.exp(-total), np.exp(-total) * std_error, np.exp(-total * np.exp(reach)), np.exp(-total * np.exp(-reach))

    def _by_steps(self, covariates: np.ndarray, time: float) -> float:
        """Give net survival by the cumulative hazard at the event times; missing where there is none, or after the last interval."""
        own, used = self.coefficients["coefficient"].to_numpy(), covariates != 0
        if time > self.intervals[-1] + 1e-9 or not len(self.baseline):
            return np.nan
        place = int(np.searchsorted(self.baseline["years"], time + 1e-9, side="right"))
        total = float(self.baseline["cumulative_hazard"].iloc[place - 1]) if place else 0.0
        return float(np.exp(-total * np.exp(covariates[used] @ own[used])))
