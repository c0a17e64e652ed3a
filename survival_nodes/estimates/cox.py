"""Cox's model of the hazard: hazard ratios with their intervals and tests, and survival predicted for given profiles."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..counting import CohortScan, cells_of, refuse_scan
from ..errors import DataWarning, UsageError
from ..units import format_count, format_number
from .cox_estimation import fit_rows, nothing_fitted, weigh
from .cox_fit import CoxFit
from .design import build_design, check_formula, check_independent, columns_named
from .options import check_choice, check_conf_level

if TYPE_CHECKING:
    from ..cohort import Cohort

TIES = ("efron", "breslow")
FITTERS = ("auto", "lifelines", "grouped")
PENALTIES = ("firth",)
EVENTS_PER_COEFFICIENT = 10  # Peduzzi P et al (1995) J Clin Epidemiol 48:1503-1510: below it intervals lose their coverage


@dataclass(frozen=True)
class CoxModel:
    """Cox's proportional hazards model; called on a cohort it gives COEFFICIENTS.

    Parameters
    ----------
    formula
        Covariates, as ``"nodal_category + age + log(n_positive + 1)"``; categories are contrasted with their first level.
    ties
        `efron` (closer to the truth) or `breslow`.
    strata
        Columns whose every combination has a baseline hazard of its own.
    cluster
        Column of what varies together, as the hospital: the variance is robust, summed over its values. A robust variance without
        it takes patients where rows are pieces of patients, else rows.
    robust
        Whether standard errors, intervals and p-values come from the sandwich. None: where a cluster is named, or weights are not
        whole numbers, as model-based errors are then wrong; so R does too. A cluster makes it robust whatever is said here.
    weights
        Column of case weights, 0 or more; rows of weight 0 say nothing and are left out. `n` and `n_event` stay rows and events.
    penalty
        `firth`: the likelihood with Firth's penalty, finite also where a group has no event. Intervals and p-values are those of the
        profile penalised likelihood; not with weights or a robust variance.
    fitter
        `lifelines`, `grouped` (this package's own; the two agree to 1e-8), or `auto`: lifelines for Efron's ties without
        delayed entry, weights, robust variance or penalty, up to 20,000 rows, else grouped.
    cause
        Event of interest, the other causes censored (the cause-specific hazard); None for every event of the endpoint.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    UsageError
        If an option or the formula cannot be carried out.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [1, 1, 6, 6, 8, 9] * 8, "event": [1, 0, 1, 1, 0, 1] * 8, "x": [1, 1, 1, 0, 0, 0] * 8})
    >>> table = CoxModel("x", ties="breslow")(Cohort.from_frame(frame, time_unit="years"))
    >>> table[["term", "hazard_ratio", "n", "n_event"]].round(4).to_dict("records")
    [{'term': 'x', 'hazard_ratio': 4.3723, 'n': 48, 'n_event': 32}]

    References
    ----------
    Cox D R (1972) Regression models and life-tables. JRSS B 34:187-220.
    Lin D Y, Wei L J (1989) The robust inference for the Cox proportional hazards model. JASA 84:1074-1078.
    Heinze G, Schemper M (2001) A solution to the problem of monotone likelihood in Cox regression. Biometrics 57:114-119.
    """

    formula: str
    _: KW_ONLY
    ties: str = "efron"
    strata: str | tuple[str, ...] = ()
    cluster: str | None = None
    robust: bool | None = None
    weights: str | None = None
    penalty: str | None = None
    fitter: str = "auto"
    cause: str | None = None
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        check_formula(self.formula)
        check_choice("ties", self.ties, TIES)
        check_choice("fitter", self.fitter, FITTERS)
        check_conf_level(self.conf_level)
        if self.penalty is not None:
            check_choice("penalty", self.penalty, PENALTIES)
        if self.robust is not None and not isinstance(self.robust, bool):
            raise UsageError(f"robust is True, False, or None for what the rows need, not {self.robust!r}")
        object.__setattr__(self, "strata", (self.strata,) if isinstance(self.strata, str) else tuple(self.strata))
        self._check_together()

    def _check_together(self) -> None:
        """Refuse options that do not go together."""
        beside = [name for name in ("weights", "cluster", "robust") if getattr(self, name)]
        if self.penalty and beside:
            raise UsageError(f"{beside[0]} does not go with penalty={self.penalty!r}, whose intervals rest on the likelihood: leave out one of the two")
        if self.fitter == "lifelines" and self.ties == "breslow":
            raise UsageError('lifelines has no Breslow ties: use fitter="grouped" (or "auto"), or ties="efron"')
        beside += ["penalty"] if self.penalty else []
        if self.fitter == "lifelines" and beside:
            raise UsageError(f'{beside[0]} is not left to lifelines: use fitter="grouped" (or "auto")')

    def __call__(self, cohort: Cohort | CohortScan) -> pd.DataFrame:
        """Fit, and give COEFFICIENTS: one row a term."""
        return self.fit(cohort).coefficients

    def fit(self, cohort: Cohort | CohortScan) -> CoxFit:
        """Fit the model; to a scan, which is counted, as well as to a cohort.

        Raises
        ------
        UsageError
            If the formula cannot be read, the cause is unknown, or a scan is given with an option that needs each patient's row (weights,
            a cluster, fitter="lifelines").
        InputError
            If a column is not there, columns are constant or follow from others, or weights are missing or negative.

        Warns
        -----
        DataWarning
            Where rows are left out, events or clusters are few, a hazard ratio has no finite estimate, or weights that are not whole
            numbers stand beside robust=False.
        """
        cohort = self._countable(cohort)
        needed = () if self.cluster is None else (self.cluster,)
        design, rows = weigh(build_design(self.formula, cohort, self.strata, needed=needed), cohort, self)
        n, p, n_event = rows.n, len(design.names), rows.n_event
        if not n_event or n <= max(p, 1):
            few = "no events" if not n_event else f"{format_count(n)} row{'s' * (n != 1)}, too few for the model"
            warnings.warn(f"the Cox model has {few}: its numbers are missing", DataWarning, stacklevel=2)
            return nothing_fitted(design, rows, self)
        check_independent(design, rows.stratum if len(rows.strata_names) > 1 else None)
        if self.penalty is None:
            _question_few_events(n_event, p)
        return fit_rows(design, rows, self)

    def _countable(self, cohort: Cohort | CohortScan) -> Cohort:
        """Give a cohort as it is, and of a scan the counted cells, unless an option needs rows."""
        needing = {"cluster": self.cluster, "weights": self.weights, "fitter": self.fitter if self.fitter == "lifelines" else None}
        for option, value in needing.items():
            if value is not None:
                refuse_scan(cohort, f"{option} {value!r}")
        return cells_of(cohort, (*columns_named(self.formula), *self.strata) if isinstance(cohort, CohortScan) else ())


def _question_few_events(n_event: int, p: int) -> None:
    if n_event < EVENTS_PER_COEFFICIENT * p:
        warnings.warn(
            f"{format_count(n_event)} event{'s' * (n_event != 1)} for {format_count(p)} coefficient{'s' * (p != 1)} ({format_number(n_event / p, 1)} each, "
            f"at least {EVENTS_PER_COEFFICIENT} are wanted): hazard ratios may be far off; use fewer terms, merge levels, or "
            'fit with penalty="firth"', DataWarning, stacklevel=3)
