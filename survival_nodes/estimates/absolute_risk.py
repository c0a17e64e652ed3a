"""Absolute risks of competing causes, from a Cox model of the hazard of each."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..counting import refuse_scan
from ..errors import DataWarning, InputError, UsageError, unknown_name
from ..kernels.absolute_risk import absolute_risk
from ..units import format_count
from .aalen_johansen import declared_causes
from .cox import TIES, CoxModel
from .cox_fit import CoxFit
from .cox_prediction import strata_of
from .design import as_profiles, check_formula
from .options import check_choice, check_conf_level, times_in_years

if TYPE_CHECKING:
    from ..cohort import Cohort


@dataclass(frozen=True)
class AbsoluteRisk:
    """Absolute risks from cause-specific Cox models; called on a cohort it gives the COEFFICIENTS of all of them.

    The risks themselves are predicted for profiles, by `.fit(cohort).predict(profiles, at_years)`.

    Parameters
    ----------
    formula
        Covariates, as ``"nodal_category + age"``: one formula for every cause, or a mapping of cause to formula.
    ties
        `efron` or `breslow`.
    strata
        Columns whose every combination has baseline hazards of its own.
    product_limit
        Whether survival from every cause is the product of 1 - hazard, so that risks and survival add up to 1; else it is exp of
        minus the cumulative hazard, as Cox models predict it. The two part where few are left at risk, and there the risks of the
        latter may add up to more than 1.
    conf_level
        Coverage of the intervals of the coefficients.

    Raises
    ------
    UsageError
        If an option or a formula cannot be carried out.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [1, 2, 3, 4, 5, 6] * 10, "event": [1, 2, 1, 0, 2, 1] * 10, "x": [1, 0, 0, 1, 1, 0] * 10})
    >>> cohort = Cohort.from_frame(frame, time_unit="years", causes={0: "none", 1: "breast-cancer", 2: "other"})
    >>> AbsoluteRisk("x").fit(cohort).predict({"x": [0, 1]}, 3).round(3).to_dict("records")[0]
    {'profile': '0', 'cause': 'breast-cancer', 'years': 3.0, 'incidence': 0.382}

    References
    ----------
    Benichou J, Gail M H (1990) Estimates of absolute cause-specific risk in cohort studies. Biometrics 46:813-826.
    """

    formula: str | Mapping[str, str]
    _: KW_ONLY
    ties: str = "efron"
    strata: str | tuple[str, ...] = ()
    product_limit: bool = True
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        if isinstance(self.formula, Mapping):
            object.__setattr__(self, "formula", dict(self.formula))
        for formula in self.formula.values() if isinstance(self.formula, dict) else (self.formula,):
            check_formula(formula)
        check_choice("ties", self.ties, TIES)
        if not isinstance(self.product_limit, bool):
            raise UsageError(f"product_limit is True or False, not {self.product_limit!r}")
        check_conf_level(self.conf_level)
        object.__setattr__(self, "strata", (self.strata,) if isinstance(self.strata, str) else tuple(self.strata))

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Fit, and give COEFFICIENTS: a row a cause and term, which reads ``other: age``."""
        return self.fit(cohort).coefficients

    def fit(self, cohort: Cohort) -> AbsoluteRiskFit:
        """Fit a Cox model of the hazard of each cause.

        Raises
        ------
        UsageError
            If a formula cannot be read, or a mapping names a cause that the cohort has not, or leaves one out.
        InputError
            If nobody in the cohort has an event with a cause, or a model cannot be fitted.

        Warns
        -----
        DataWarning
            As `CoxModel` does, the cause named first.
        """
        refuse_scan(cohort, "an absolute risk")
        models = {}
        for cause, formula in self._formulas(cohort).items():
            model = CoxModel(formula, ties=self.ties, strata=self.strata, cause=cause, conf_level=self.conf_level)
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                models[cause] = model.fit(cohort)
            for each in said:
                warnings.warn(f"cause {cause!r}: {each.message}", each.category, stacklevel=2)
        return AbsoluteRiskFit(models, self.strata, self.product_limit)

    def _formulas(self, cohort: Cohort) -> dict[str, str]:
        known = declared_causes(cohort)
        struck = [cause for cause in known if cohort.events(cause).any()]
        if not struck:
            raise InputError("absolute risks want events with causes, and nobody in the cohort has one: there is nothing to estimate")
        if isinstance(self.formula, str):
            return dict.fromkeys(struck, self.formula)
        for cause in self.formula:
            if cause not in known:
                raise UsageError(unknown_name("cause", cause, known))
        left_out = [cause for cause in struck if cause not in self.formula]
        if left_out:
            raise UsageError(f"the formulas leave out {', '.join(map(repr, left_out))}: the risk of one cause hangs on the hazards of all")
        return self.formula


@dataclass(frozen=True, eq=False)
class AbsoluteRiskFit:
    """The fitted models of all causes.

    Attributes
    ----------
    models : Mapping
        Cause -> its `CoxFit`.
    strata, product_limit
        As asked for.
    """

    models: Mapping[str, CoxFit]
    strata: tuple[str, ...]
    product_limit: bool

    @property
    def coefficients(self) -> pd.DataFrame:
        """COEFFICIENTS of all causes, a term reading ``other: age``."""
        tables = [fit.coefficients.assign(term=[f"{cause}: {term}" for term in fit.coefficients["term"]]) for cause, fit in self.models.items()]
        return pd.concat(tables, ignore_index=True)

    def predict(self, profiles: pd.DataFrame | Mapping[str, Sequence], at_years: Sequence[float] | float) -> pd.DataFrame:
        """Predict the risk of each cause, read as a step at or before each time.

        Parameters
        ----------
        profiles
            One row a patient to be, with every covariate (and every column of the strata); its index names the profiles.
        at_years
            Times in years.

        Returns
        -------
        DataFrame
            `profile, cause, years, incidence`: missing beyond the stratum's last follow-up, and where a coefficient is.

        Raises
        ------
        UsageError
            If a covariate is not given, or a level or stratum was not fitted (those fitted are listed).

        Warns
        -----
        DataWarning
            Where the risks of a profile add up to more than 1, which only `product_limit=False` lets happen.
        """
        given, times = as_profiles(profiles), np.array(times_in_years(at_years))
        relative = np.column_stack([_relative_hazard(fit, given) for fit in self.models.values()])
        stratum, risk = self._strata_of(given), np.full((len(given), len(times), len(self.models)), np.nan)
        for label in dict.fromkeys(stratum):
            own = np.array([each == label for each in stratum])
            ticks, steps = self._steps(label)
            position = next(iter(self.models.values())).rows.clock.position(times)
            passed = np.searchsorted(ticks, position, side="right")
            followed = position <= min(_last_exit(fit, label) for fit in self.models.values())
            risk[own] = np.where(followed[:, None], absolute_risk(steps, relative[own], passed, self.product_limit), np.nan)
        n_above = int((risk.sum(axis=2) > 1 + 1e-9).any(axis=1).sum())
        if n_above:
            said = f"the risks of {format_count(n_above)} profile{'s' * (n_above != 1)} add up to more than 1, as few are left at risk: use product_limit=True"
            warnings.warn(said, DataWarning, stacklevel=2)
        n, causes = len(given), list(self.models)
        return pd.DataFrame({
            "profile": np.repeat(np.array([str(label) for label in given.index], dtype=object), len(times) * len(causes)),
            "cause": np.tile(np.repeat(np.array(causes, dtype=object), len(times)), n), "years": np.tile(times, n * len(causes)),
            "incidence": risk.transpose(0, 2, 1).reshape(-1)})

    def _strata_of(self, profiles: pd.DataFrame) -> list[str]:
        """Give the stratum of each profile; every cause's model must know it."""
        codes = [strata_of(fit, profiles) for fit in self.models.values()]
        return [next(iter(self.models.values())).rows.strata_names[code] for code in codes[0]]

    def _steps(self, label: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the ticks at which any cause strikes in a stratum (k,), and the increments of the baseline hazards (k, c)."""
        baselines = [_baseline_of(fit, label) for fit in self.models.values()]
        ticks = np.unique(np.concatenate([own for own, _ in baselines]))
        steps = np.zeros((len(ticks), len(baselines)))
        for place, (own, hazard) in enumerate(baselines):
            steps[np.searchsorted(ticks, own), place] = hazard
        return ticks, steps


def _baseline_of(fit: CoxFit, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the event ticks of a stratum and the increments of its baseline hazard."""
    own = fit.baseline[fit.baseline["stratum"] == label]
    ticks = np.floor(fit.rows.clock.position(own["years"].to_numpy(dtype=float)))
    return ticks, np.diff(own["cumulative_hazard"].to_numpy(dtype=float), prepend=0.0)


def _relative_hazard(fit: CoxFit, profiles: pd.DataFrame) -> np.ndarray:
    """Give the hazard of each profile relative to the baseline, missing where a coefficient it needs is; shape (m,)."""
    matrix, estimated = fit.design.columns_of(profiles), fit.coefficients["coefficient"].to_numpy()
    if not len(fit.baseline):
        return np.full(len(matrix), np.nan)
    unknown = ((matrix != 0) & np.isnan(estimated)).any(axis=1)
    return np.where(unknown, np.nan, np.exp(matrix @ np.nan_to_num(estimated)))


def _last_exit(fit: CoxFit, label: str) -> int:
    return int(fit.rows.exit[fit.rows.stratum == fit.rows.strata_names.index(label)].max(initial=-1))
