"""Do hazard ratios stay the same over time? The score test of Grambsch and Therneau, a row a term and one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import UsageError
from ..kernels.proportional_hazards import TRANSFORMS
from .cox import CoxModel
from .cox_fit import CoxFit
from .cox_proportionality import check_unpenalised, score_tests
from .options import check_choice

if TYPE_CHECKING:
    from ..cohort import Cohort


@dataclass(frozen=True)
class ProportionalHazards:
    """Score test of proportional hazards; called on a cohort it gives TESTS: one row a term, and GLOBAL.

    Parameters
    ----------
    model
        The model whose hazard ratios are in question.
    transform
        The function of time g(t) with which a coefficient might change: `km` (one less the Kaplan-Meier estimate just before t, so
        that long tails weigh little), `rank`, `identity` or `log`.

    Notes
    -----
    This is the test of R's `cox.zph` from version 3 of `survival` on, with the full information of the extended model. The
    approximation of before 2019, which other programs still print, differs widely from it. Case weights enter, as in the fit; a robust
    variance does not.

    Raises
    ------
    UsageError
        If the model is none or has a penalty, or the transform is unknown.

    Examples
    --------
    >>> from survival_nodes.cohort import Cohort
    >>> frame = pd.DataFrame({"years": [1, 1, 6, 6, 8, 9] * 8, "event": [1, 0, 1, 1, 0, 1] * 8, "x": [1, 1, 1, 0, 0, 0] * 8})
    >>> table = ProportionalHazards(CoxModel("x"))(Cohort.from_frame(frame, time_unit="years"))
    >>> table[["comparison", "df"]].to_dict("records")
    [{'comparison': 'x', 'df': 1}, {'comparison': 'GLOBAL', 'df': 1}]

    References
    ----------
    Grambsch P M, Therneau T M (1994) Proportional hazards tests and diagnostics based on weighted residuals. Biometrika 81:515-526.
    """

    model: CoxModel
    _: KW_ONLY
    transform: str = "km"

    def __post_init__(self) -> None:
        if not isinstance(self.model, CoxModel):
            raise UsageError('give the model to be tested, as ProportionalHazards(CoxModel("nodal_category + age"))')
        check_unpenalised(self.model.penalty)
        check_choice("transform", self.transform, TRANSFORMS)

    def __call__(self, cohort: Cohort) -> pd.DataFrame:
        """Fit the model and test each term of its formula (all levels of a category together), then all.

        A model that has been fitted already is tested by its `CoxFit.proportional_hazards`.
        """
        return self.model.fit(cohort).proportional_hazards(self.transform)

    def per_coefficient(self, cohort: Cohort) -> pd.DataFrame:
        """Fit the model and test each coefficient, then all: TESTS."""
        return self.model.fit(cohort).proportional_hazards(self.transform, per_coefficient=True)

    def of(self, fit: CoxFit, groups: Mapping[str, Sequence[int]]) -> pd.DataFrame:
        """Test groups of columns of a model that has been fitted; missing where the columns have no estimate.

        Raises
        ------
        InputError
            If the transform is `log` and there is an event at time 0.
        """
        return score_tests(fit, self.transform, groups)
