"""A study is a value, the plan of an analysis; `run()` carries it out and gives Findings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..cohort import Cohort
from ..errors import DataWarning
from ..estimates.followed import life_table_of
from ..life_tables import LifeTable
from ..nodes.categories import CATEGORY_LABELS
from ..sources import example
from . import chapters, verdicts
from .competing import causes_that_compete, competing_risks
from .competing_sentences import cause_specific
from .findings import Findings
from .hypotheses import Hypothesis
from .net import net_survival
from .part import Part
from .restricted import restricted_mean


@dataclass(frozen=True)
class Words:
    """What the author says in the report.

    Attributes
    ----------
    question : str
        What is asked, in a sentence.
    assumptions, references : tuple of str
        Sentences; the literature.
    labels : Mapping of str to str
        Column, level or term -> its name in print; nodal categories have theirs already.
    """

    question: str = ""
    assumptions: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Study:
    """The plan of an analysis: patients, groups, and what is asked of them.

    Attributes
    ----------
    name, title : str
        A short name for files, as sedmak-1989; the title of the report.
    cohort : Cohort or str
        The patients, or the name of an example.
    by : str, optional
        The column whose groups are compared; None takes all patients together.
    at_years : tuple of float
        Times at which survival is tabulated.
    formula : str, optional
        Right-hand side of the Cox model; the groups alone where none is given.
    cause : str, optional
        A cause of death analysed beside death from any cause.
    hypotheses : tuple of Hypothesis
        Claims to be judged.
    tolerance : float, optional
        How far apart, as a fraction, survival and a published rate may lie and still be called consistent. Published rates
        of the same quantity are set beside the cohort only where a tolerance is stated.
    axis_unit : str
        `years` or `months`, for the axis of the survival curves.
    horizon_years : float, optional
        Where the axis of the curves ends, which their captions say; else at the end of follow-up.
    life_table : str or LifeTable, optional
        Mortality of the general population, as `us`: adds the chapter on net survival, for a cohort with sex, age and date of diagnosis
        whose endpoint is death from any cause.
    words : Words
        The author's sentences.
    """

    name: str
    title: str
    cohort: Cohort | str
    by: str | None
    at_years: tuple[float, ...] = (1, 3, 5, 10)
    formula: str | None = None
    cause: str | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    tolerance: float | None = None
    axis_unit: str = "years"
    horizon_years: float | None = None
    life_table: str | LifeTable | None = None
    words: Words = field(default_factory=Words)

    @property
    def labels(self) -> dict[str, str]:
        """Names in print, those of the nodal categories among them where they are the groups."""
        return {**(CATEGORY_LABELS if self.by == "nodal_category" else {}), **self.words.labels}

    @classmethod
    def packaged(cls, name: str) -> Study:
        """Give one of the studies that come with the package: `sedmak-1989`, `gbsg2-nodes` or `article-claims`.

        Raises
        ------
        UsageError
            If there is none of that name.
        """
        from .packaged import packaged_study

        return packaged_study(name)

    @classmethod
    def of_cohort(cls, cohort: Cohort, *, name: str, plan: Mapping[str, object]) -> Study:
        """Make the study of a cohort from the keys of a mapping's `[report]` (see `plan.KEYS`)."""
        from .plan import study_of

        return study_of(cohort, name=name, plan=plan)

    def run(self) -> Findings:
        """Carry out the plan.

        Returns
        -------
        Findings
            Frames, and the tables and figures that show them; the same plan on the same patients gives the same findings.

        Raises
        ------
        UsageError, InputError
            If a column, a cause or a published rate that the plan names is not there.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cohort = example(self.cohort) if isinstance(self.cohort, str) else self.cohort
            parts = self._parts(cohort)
        for other in caught:
            if not issubclass(other.category, DataWarning):
                warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
        said = [str(each.message) for each in caught if issubclass(each.category, DataWarning)]
        return self._gather(cohort, parts, tuple(dict.fromkeys([*cohort.warnings, *said])))

    def _parts(self, cohort: Cohort) -> list[Part]:
        parts, causes = [chapters.patients(self, cohort), chapters.survival(self, cohort)], causes_that_compete(self, cohort)
        if self.cause is not None:
            parts.append(chapters.survival(self, cohort, cause=self.cause, said=cause_specific(self, cohort, bool(causes))))
        ratios = None
        if self.formula or (self.by is not None and len(cohort.groups(self.by).labels) > 1):
            ratios = chapters.regression(self, cohort)
            parts.append(ratios)
        if causes:
            parts.append(competing_risks(self, cohort, causes, ratios.frames["coefficients"] if ratios else None))
        parts.append(restricted_mean(self, cohort))
        if self.life_table is not None:
            parts.append(net_survival(self, cohort))
        if self.hypotheses:
            parts.append(verdicts.claims(self, cohort))
        if self.tolerance is not None and self.by is not None:
            parts.append(verdicts.beside_published(self, cohort))
        return parts

    def _gather(self, cohort: Cohort, parts: list[Part], said: tuple[str, ...]) -> Findings:
        frames: dict[str, pd.DataFrame] = {}
        for part in parts:
            frames.update(part.frames)
        return Findings(
            name=self.name, title=self.title, synthetic=cohort.synthetic,
            summary=(*([self.words.question] if self.words.question else []), *_sentences(parts)), sections=tuple(part.section for part in parts),
            ledger=cohort.ledger.frame,
            methods=tuple(dict.fromkeys(paragraph for part in parts for paragraph in part.methods)),
            assumptions=(*self.words.assumptions, *cohort.origin.notes), warnings=said,
            references=tuple(dict.fromkeys([*([cohort.origin.citation] if cohort.origin.citation else []), *self.words.references])),
            frames=frames, provenance=_provenance(self, cohort))


def _sentences(parts: list[Part]) -> list[str]:
    """Gather the summary, what was asked first."""
    return [sentence for part in sorted(parts, key=lambda part: part.rank) for sentence in part.summary]


def _provenance(study: Study, cohort: Cohort) -> dict[str, object]:
    """Give what a reader needs to run it again: plain values only."""
    plan = {
        "by": study.by, "at_years": [float(time) for time in study.at_years], "formula": study.formula, "cause": study.cause,
        "tolerance": study.tolerance, "horizon_years": study.horizon_years,
        "life_table": None if study.life_table is None else life_table_of(study.life_table).name,
        "hypotheses": [hypothesis.label for hypothesis in study.hypotheses]}
    files = [{"name": each.name, "sha256": each.sha256, "rows": each.n_rows} for each in cohort.origin.files]
    return {
        "source": cohort.origin.source, "inputs": files, "seed": cohort.origin.seed, "endpoint": cohort.endpoint,
        "time_unit": cohort.time_unit, "synthetic": cohort.synthetic, "plan": plan}
