"""What a fitted Cox model holds, and the survival it predicts for given profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..cohort.grouping import as_level
from ..errors import UsageError, unknown_name
from ..kernels.partial_likelihood import Evaluation
from .design import Design
from .options import times_in_years

if TYPE_CHECKING:
    from ..cohort import Cohort
    from ..cohort.clock import Clock


class LogLikelihood(NamedTuple):
    """The log partial likelihood with every coefficient 0, and at the fit."""

    null: float
    model: float


@dataclass(frozen=True, eq=False)
class Rows:
    """The fitted rows as arrays of shape (n,): ticks, event 0/1, stratum (codes into `strata_names`); and the clock of the ticks."""

    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    stratum: np.ndarray
    strata_names: tuple[str, ...]
    clock: Clock

    @classmethod
    def of(cls, cohort: Cohort, kept: np.ndarray, strata: tuple[str, ...], cause: str | None) -> Rows:
        """Take the rows that are kept (a boolean mask)."""
        groups = cohort.groups(strata or None)
        return cls(cohort.entry_ticks[kept], cohort.exit_ticks[kept], cohort.events(cause)[kept], groups.codes[kept], groups.labels, cohort.clock)


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : DataFrame
        COEFFICIENTS; numbers are missing where the data do not give them.
    covariance : DataFrame
        Covariance of the coefficients, term by term.
    log_likelihood : LogLikelihood
        `null` and `model`.
    tests : DataFrame
        TESTS of all coefficients together: likelihood ratio, Wald, score.
    concordance : float
        Harrell's concordance: the fraction of comparable pairs in which the higher hazard fails first, ties counting a half.
    baseline : DataFrame
        `stratum, years, cumulative_hazard` at every event time, where each number is 0 and each category at its reference.
    n, n_event, n_dropped : int
        Rows fitted, events among them, and rows left out because a covariate is missing.
    fitter : str
        Which fitter gave the coefficients: `lifelines`, or `grouped` (this package's own).
    design, rows, evaluation
        What the fit was made from, for the tests and residuals that follow it; `evaluation` is None where nothing could be fitted.
    """

    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    log_likelihood: LogLikelihood
    tests: pd.DataFrame
    concordance: float
    baseline: pd.DataFrame
    n: int
    n_event: int
    n_dropped: int
    fitter: str
    strata: tuple[str, ...] = ()
    design: Design | None = field(default=None, repr=False)
    rows: Rows | None = field(default=None, repr=False)
    evaluation: Evaluation | None = field(default=None, repr=False)

    def predict(self, profiles: pd.DataFrame | Mapping[str, Sequence], at_years: Sequence[float] | float) -> pd.DataFrame:
        """Predict survival: exp of minus the cumulative hazard, read as a step at or before each time.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate (and every column of the strata); its index names the profiles.
        at_years
            Times in years.

        Returns
        -------
        DataFrame
            `profile, years, survival`: missing beyond the stratum's last follow-up, and where a coefficient is.

        Raises
        ------
        UsageError
            If a covariate is not given, or a level was not fitted (those fitted are listed).
        """
        given = pd.DataFrame(profiles)
        times = np.array(times_in_years(at_years))
        matrix, stratum = self.design.columns_of(given), self._strata_of(given)
        estimated = self.coefficients["coefficient"].to_numpy()
        unknown = ((matrix != 0) & np.isnan(estimated)).any(axis=1)
        relative = np.where(unknown, np.nan, np.exp(matrix @ np.nan_to_num(estimated)))
        survival = np.array([np.exp(-ratio * self._cumulative_hazard(code, times)) for ratio, code in zip(relative, stratum, strict=True)])
        return pd.DataFrame({
            "profile": np.repeat(np.array([str(label) for label in given.index], dtype=object), len(times)),
            "years": np.tile(times, len(given)), "survival": survival.reshape(-1)})

    def _strata_of(self, profiles: pd.DataFrame) -> np.ndarray:
        if not self.strata:
            return np.zeros(len(profiles), dtype=np.int64)
        missing = [name for name in self.strata if name not in profiles]
        if missing:
            raise UsageError(f"a profile needs its stratum: {unknown_name('column', missing[0], profiles.columns)}")
        labels = [" | ".join(as_level(value) for value in row) for row in profiles[list(self.strata)].itertuples(index=False)]
        strange = [label for label in labels if label not in self.rows.strata_names]
        if strange:
            raise UsageError(unknown_name("stratum among the patients fitted", strange[0], self.rows.strata_names))
        return np.array([self.rows.strata_names.index(label) for label in labels], dtype=np.int64)

    def _cumulative_hazard(self, stratum: int, years: np.ndarray) -> np.ndarray:
        own = self.baseline["stratum"] == self.rows.strata_names[stratum]
        steps = np.concatenate(([0.0], self.baseline.loc[own, "cumulative_hazard"].to_numpy()))
        ticks = self.evaluation.likelihood.sets.ticks[own.to_numpy()] if self.evaluation else np.zeros(0)
        position = self.rows.clock.position(years)
        followed = position <= self.rows.exit[self.rows.stratum == stratum].max(initial=-1)
        known = followed & (self.evaluation is not None)
        return np.where(known, steps[np.searchsorted(ticks, position, side="right")], np.nan)
