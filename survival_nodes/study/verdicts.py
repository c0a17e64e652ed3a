"""The parts that judge: claims as hypotheses with a verdict each, and published rates beside the cohort's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from .. import figures, tables
from ..cohort import Cohort
from ..columns import COMPARISONS, frame_of
from ..comparisons import compare_with_published
from ..estimates import KaplanMeier
from ..literature import kinds_of, published_rates
from ..units import MEASURES, format_interval, format_number, format_percent, format_years, is_missing
from .findings import Section
from .hypotheses import Judged, verdict_frame
from .part import Part
from .published_claim import ClaimJudged

if TYPE_CHECKING:
    from .study import Study


def claims(study: Study, cohort: Cohort) -> Part:
    """Judge every hypothesis of the study."""
    judged = [hypothesis(cohort) for hypothesis in study.hypotheses]
    verdicts = verdict_frame(judged)
    contrasts = pd.concat([each.contrasts.assign(hypothesis=each.hypothesis.label) for each in judged], ignore_index=True)
    comparisons = pd.concat([each.comparisons.assign(hypothesis=each.hypothesis.label) for each in judged], ignore_index=True)
    text = tuple(_sentence(each, study.labels) for each in judged)
    beside = [claim for each in judged for claim in each.beside]
    powers = {"power": lambda value: format_percent(value, 0)}
    shown = [tables.plain(verdicts, name="verdicts", caption="Claims and verdicts", headings=_VERDICT_HEADINGS, formats=powers)]
    shown.append(tables.contrasts(contrasts.drop(columns="hypothesis"), labels=study.labels, name="contrasts"))
    drawn = []
    ratios = contrasts[contrasts["measure"] == "hazard-ratio"].drop(columns="hypothesis").drop_duplicates(["measure", "group", "reference"])
    if len(ratios):
        drawn.append(figures.forest(ratios.reset_index(drop=True), labels=study.labels, synthetic=cohort.synthetic))
        drawn[-1] = replace(drawn[-1], name="claims")
    nets = _net_estimates(beside)
    if nets:
        sets = {group: group[:1].upper() + group[1:] for group in nets[0]["group"]}
        shown.append(tables.net_survival(*nets, labels=sets, name="claims-net-survival"))
        shown[-1] = replace(shown[-1], caption="Net survival of the patients whom the claim is about, beside their observed and expected survival.")
    if len(comparisons):
        rates = published_rates(include_caveats=True)
        without = comparisons.drop(columns="hypothesis")
        named = {group: group[:1].upper() + group[1:] for group in without["group"]}
        shown.append(tables.comparisons(without, rates=rates, labels=named, name="claims-published", reasons_below=True))
        drawn.append(figures.published(without, rates=rates, labels=named, synthetic=cohort.synthetic, name="claims-beside-published"))
    frames = {"verdicts": verdicts, "contrasts": contrasts, "claims_published": comparisons} | ({"claims_net_survival": nets[0]} if nets else {})
    explained = tuple(sentence for claim in beside for sentence in claim.text)
    return Part(
        Section("The claims", (*text, *explained), tuple(shown), tuple(drawn)), summary=text, rank=1, frames=frames,
        methods=(*_CLAIM_METHODS, *(_PUBLISHED_CLAIM_METHODS if nets else ())))


def _net_estimates(beside: Sequence[ClaimJudged]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """Put together the net, observed and expected survival of all claims that have them."""
    found = [claim for claim in beside if claim.estimates is not None]
    if not found:
        return None
    return tuple(pd.concat([getattr(claim, name) for claim in found], ignore_index=True) for name in ("estimates", "observed", "expected"))


def beside_published(study: Study, cohort: Cohort) -> Part:
    """Set the cohort's survival beside published rates of the same quantity, category by category.

    Where a cause is analysed its survival is compared, and not the overall one: that hangs on the age of the patients.
    """
    comparisons, rates = _compared(study, cohort, study.cause)
    text = _published_sentences(comparisons, study.tolerance)
    shown = (tables.comparisons(comparisons, rates=rates, labels=study.labels, name="published"),) if len(comparisons) else ()
    drawn = (figures.published(comparisons, rates=rates, labels=study.labels, synthetic=cohort.synthetic),) if len(comparisons) else ()
    return Part(
        Section("Beside published rates", text, shown, drawn), rank=6, summary=text, methods=_PUBLISHED_METHODS,
        frames={"published_comparisons": comparisons, "published_rates": rates})


def _compared(study: Study, cohort: Cohort, cause: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give COMPARISONS and the rates used: those of the groups' categories with the cohort's own endpoint and estimand."""
    rates = published_rates()
    kinds = {kind for group in cohort.groups(study.by).labels for kind in kinds_of(group)} if study.by == "nodal_category" else set()
    estimand, endpoint = ("observed", cohort.endpoint) if cause is None else ("cause-specific", cause)
    like = rates["category"].isin(kinds) & (rates["endpoint"] == endpoint) & (rates["estimand"] == estimand) & rates["estimate"].notna()
    rates = rates[like & rates["years"].notna()].reset_index(drop=True)
    if rates.empty:
        return frame_of(COMPARISONS, []), rates
    estimates = KaplanMeier(study.by, at_years=tuple(sorted(rates["years"].unique())), cause=cause)(cohort)
    return compare_with_published(estimates, rates, study.tolerance), rates


def _sentence(judged: Judged, labels: Mapping[str, str]) -> str:
    hypothesis, power = judged.hypothesis, judged.hypothesis.power()
    ending = "" if power is None else f" Power, fixed before the patients were drawn: {format_percent(power, 0)}."
    if len(judged.comparisons) and judged.contrasts.empty:
        row = judged.comparisons.iloc[0]
        reason = "" if is_missing(row["reason"]) else f": {row['reason']}"
        return f"{hypothesis.label}. {hypothesis.claim} Verdict: {judged.verdict}{_shown(row)}{reason}.{ending}"
    adjusted = any(getattr(test, "formula", None) for test in hypothesis.tests)
    listed = "; ".join(_contrast(row, adjusted, labels) for row in judged.contrasts.itertuples())
    return f"{hypothesis.label}. {hypothesis.claim} Verdict: {judged.verdict}. {listed}.{ending}"


def _shown(row: pd.Series) -> str:
    """Say the cohort's net survival beside the published figure, where it was compared."""
    if row["estimand"] != "net" or is_missing(row["difference"]):
        return ""
    limits = format_interval(row["observed_low"], row["observed_high"], format_percent)
    return (f". Net survival of {row['group']} patients at {format_years(row['years'])}: {format_percent(row['observed'])} ({limits}) beside "
            f"{format_percent(row['published'])}")


def _contrast(row, adjusted: bool, labels: Mapping[str, str]) -> str:
    """Say one contrast with its interval, its margin, and the smallest margin that it would have shown."""
    measure = MEASURES[row.measure]
    name = f"{'adjusted ' if measure.is_ratio and adjusted else ''}{measure.words}"
    when = "" if is_missing(row.years) else f" at {format_years(row.years)}"
    what = f"{name[:1].upper()}{name[1:]} ({row.endpoint}){when}, {labels.get(row.group, row.group)} against {labels.get(row.reference, row.reference)}"
    if is_missing(row.estimate):
        return f"{what}: not estimable"
    unit = "" if measure.is_ratio else f" {measure.unit}"
    margin = "" if is_missing(row.smallest_margin) else (
        f"; margin {measure.write(row.margin)}, smallest margin that could be shown {measure.write(row.smallest_margin)}")
    return f"{what}: {measure.write(row.estimate)}{unit} ({format_interval(row.conf_low, row.conf_high, measure.write)}{margin})"


def _published_sentences(comparisons: pd.DataFrame, tolerance: float) -> tuple[str, ...]:
    if comparisons.empty:
        return ("No published rate of the same quantity, for the same groups, is in the registry of rates.",)
    counted = comparisons["verdict"].value_counts()
    listed = ", ".join(f"{verdict} {counted[verdict]}" for verdict in ("consistent", "inconclusive", "differs", "not comparable") if verdict in counted)
    return (f"Beside published rates of the same quantity, with a tolerance of {format_number(100 * tolerance, 1)} points: {listed}.",)


_VERDICT_HEADINGS = {"hypothesis": "Hypothesis", "claim": "Claim", "estimand": "Judged by", "verdict": "Verdict", "reason": "Reason", "power": "Power"}
_CLAIM_METHODS = (
    "A claim of 'no worse' is judged by non-inferiority: shown where the upper confidence limit lies within the stated margin, excluded where the whole "
    "interval lies beyond it, else inconclusive; a p-value above .05 is never evidence for it. "
    "A claim of 'worse' is shown where the lower confidence limit of the hazard ratio lies above 1.",)
_PUBLISHED_CLAIM_METHODS = (
    "A claim that survival equals a published relative survival is put to net survival by the registry's own method (Ederer II, actuarial by month, all "
    "follow-up, not age-standardised), with Pohar Perme beside it. It is consistent where the 90% interval lies within the tolerance of every value that the "
    "rounded figure may stand for (of 86, within [86.5 \u2212 d, 85.5 + d]), differs where it lies wholly beyond the tolerance of all of them, else "
    "inconclusive. An age-standardised estimate is never compared with a figure that is not.",)
_PUBLISHED_METHODS = (
    "A published rate is compared only with the same quantity: the same endpoint, estimand and time. The interval of the difference carries both "
    "uncertainties; it must lie within the stated tolerance for 'consistent' and wholly outside for 'differs'. Unlike quantities are not compared, "
    "and the reason is given.",)
