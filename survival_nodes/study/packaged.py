"""The three studies that come with the package; the demonstration and the scripts in `analyses/` run these."""

from __future__ import annotations

from ..comparisons import NonInferiority, Worse
from ..errors import UsageError, unknown_name
from ..literature.published import CLAIM
from ..sources import SYNTHETIC_SEED, SYNTHETIC_SIZE, expected_events, scenario_hazard_ratios, synthesize
from .hypotheses import Expected, Hypothesis
from .published_claim import PublishedClaim
from .study import Study, Words

CAUSE = "breast-cancer"
COVARIATES = "age + t_category + grade + er + chemotherapy + endocrine_therapy"
# Straight lines, in steps that a reader can picture; the receptors were measured in fmol/mg.
GBSG2_LABELS = {
    "positive_nodes": "Positive nodes", "I(age / 10)": "Age, per 10 years", "I(tumour_size_mm / 10)": "Tumour size, per cm",
    "I(progesterone_receptor / 100)": "Progesterone receptor, per 100 fmol/mg", "I(oestrogen_receptor / 100)": "Oestrogen receptor, per 100 fmol/mg",
    "progesterone_receptor": "Progesterone receptor, fmol/mg", "oestrogen_receptor": "Oestrogen receptor, fmol/mg", "tumour_size_mm": "Tumour size, mm",
}
GBSG2_FORMULA = (
    "positive_nodes + I(age / 10) + menopausal_status + I(tumour_size_mm / 10) + grade + I(progesterone_receptor / 100) "
    "+ I(oestrogen_receptor / 100) + endocrine_therapy")
# Margins taken from trial designs: 1.3 for a hazard ratio (ACOSOG Z0011), 2.5 points of five-year breast-cancer survival (SENOMAC).
RATIO_MARGIN, SURVIVAL_MARGIN = 1.3, 0.025
# Of net survival beside a published one: wider than the releases of the last years lie apart (85 to 87.2).
TOLERANCE, LIFE_TABLE, REGISTRY_RATE = 0.02, "us", "seer-2013-2019-regional-5y"


def packaged_study(name: str) -> Study:
    """Give a packaged study by name, or raise UsageError with the names there are."""
    makers = {"sedmak-1989": sedmak_1989, "gbsg2-nodes": gbsg2_nodes, "article-claims": article_claims}
    if name not in makers:
        raise UsageError(unknown_name("packaged study", name, makers))
    return makers[name]()


def sedmak_1989() -> Study:
    """Occult nodal metastases found by immunohistochemistry in 45 women node-negative by routine histology."""
    return Study(
        name="sedmak-1989", title="Occult nodal metastases by immunohistochemistry: 45 women, Sedmak et al. 1989", cohort="sedmak-1989", by="ihc",
        at_years=(5, 10), axis_unit="months",
        words=Words(
            "Does an occult nodal metastasis, found only by immunohistochemistry, foretell shorter survival?",
            ("Women are grouped by immunohistochemistry of nodes that were negative by routine histology; the size of the occult deposit is not known, "
             "so these groups are not ITC and micrometastasis.",
             "Forty-five women, nine with an occult metastasis: intervals are wide, and a single death moves the curve of the nine by eleven points."),
            ("Klein JP, Moeschberger ML. Survival Analysis: Techniques for Censored and Truncated Data. 2nd ed. Springer, 2003, section 1.5.",),
            {"ihc": "Immunohistochemistry"}))


def gbsg2_nodes() -> Study:
    """Recurrence-free survival by number of positive nodes in a trial of the German Breast Cancer Study Group."""
    return Study(
        name="gbsg2-nodes", title="Recurrence-free survival by number of positive nodes: 686 women, GBSG trial 2", cohort="gbsg2", by="positive_nodes",
        at_years=(1, 3, 5), formula=GBSG2_FORMULA,
        words=Words(
            "How does recurrence-free survival fall with the number of positive nodes, and do hazards stay proportional?",
            ("All women were node-positive, and numbers of nodes say nothing of the size of deposits: these groups are not nodal size categories.",
             "Numeric covariates enter the model as straight lines; the ratios are per step named in the table."),
            ("Sauerbrei W, Royston P. Building multivariable prognostic and diagnostic models. J R Stat Soc A 1999;162:71-94.",), GBSG2_LABELS))


def article_claims(n: int = SYNTHETIC_SIZE, seed: int = SYNTHETIC_SEED, scenario: str = "published") -> Study:
    """The claims of a widely read patient article, on a synthetic cohort of four nodal categories.

    Parameters
    ----------
    n
        Synthetic women.
    seed
        Seed of the generator.
    scenario
        `published`, `null` (ITC without any excess) or `regional` (pooled five-year net survival of node-positive women 86.3%).
    """
    return Study(
        name="article-claims", title="What a patient article claims of nodal category, tested on a synthetic cohort",
        cohort=synthesize(n, seed, scenario=scenario),
        by="nodal_category", at_years=(1, 3, 5, 8, 10), formula=f"nodal_category + {COVARIATES}", cause=CAUSE,
        hypotheses=_claims(n, scenario), tolerance=TOLERANCE, life_table=LIFE_TABLE,
        words=Words(
            "A widely read patient article says: isolated tumour cells are no worse than node-negative; micro- and macrometastases worsen the outlook; "
            "five-year survival with nodal spread is 86%.",
            (f"The cohort is synthetic (scenario '{scenario}', {n} women, seed {seed}): it was calibrated on published figures and cannot confirm them. "
             "Every verdict is a demonstration of the method.",
             f"Margins were stated beforehand and are those of trials: a hazard ratio of {RATIO_MARGIN} (ACOSOG Z0011), and "
             f"{100 * SURVIVAL_MARGIN:g} points of five-year breast-cancer survival (SENOMAC).",
             "Hazard ratios are conditional on age, T category, grade, oestrogen receptor and systemic treatment, as the published ratios are; "
             "treatment follows the finding in the node, so part of its effect is taken out.",
             "Net survival is held against the life table of US women, and other causes kill in this cohort by a Gompertz hazard fitted to it: that makes "
             "net survival of node-positive women 0.04 to 0.2 points too high at 5 years (by Ederer II and by Pohar Perme), and of node-negative women 0.3 "
             "and, at 10 years, 1.8 points by Pohar Perme, as the Gompertz hazard is below the table at the highest ages.",
             "Power is that of a comparison of two hazards with the events expected in ten years (Schoenfeld 1981), the adjustment left out."),
            ("Scott J, Stephan P. Micrometastases in Breast Cancer. Verywell Health.", "Schoenfeld D. Biometrika 1981;68:316-319.",
             "Pohar Perme M, Stare J, Esteve J. Biometrics 2012;68:113-120.", "Ederer F, Axtell LM, Cutler SJ. Natl Cancer Inst Monogr 1961;6:101-121.")))


def _claims(n: int, scenario: str) -> tuple[Hypothesis, ...]:
    ratios, events = scenario_hazard_ratios(scenario), expected_events(n, scenario=scenario, years=10).set_index("nodal_category")["breast-cancer"]

    def expected(group: str, reference: str) -> Expected:
        return Expected(ratios[group] / ratios[reference], events[group], events[reference])

    def worse(group: str, reference: str, label: str, claim: str) -> Hypothesis:
        return Hypothesis(
            label=label, claim=claim, estimand="hazard ratio of breast-cancer death", group=group, expected=expected(group, reference),
            tests=(Worse("nodal_category", reference, formula=COVARIATES, cause=CAUSE),))

    no_worse = Hypothesis(
        label="H1", claim="Isolated tumour cells are no worse than node-negative.", group="itc", expected=expected("itc", "negative"),
        estimand="hazard ratio of breast-cancer death, non-inferiority; five-year breast-cancer survival beside it",
        tests=(NonInferiority("nodal_category", "negative", RATIO_MARGIN, measure="hazard-ratio", formula=COVARIATES, cause=CAUSE),
               NonInferiority("nodal_category", "negative", SURVIVAL_MARGIN, measure="survival-difference", at_years=5, cause=CAUSE)))
    spread = PublishedClaim(rate_ids=(CLAIM, REGISTRY_RATE), at_years=5, tolerance=TOLERANCE, life_table=LIFE_TABLE, other_years=True, release=True)
    return (
        no_worse,
        worse("micro", "negative", "H2", "A micrometastasis is worse than node-negative."),
        worse("macro", "negative", "H3a", "A macrometastasis is worse than node-negative."),
        worse("macro", "micro", "H3b", "A macrometastasis is worse than a micrometastasis."),
        Hypothesis(
            label="H4", claim="Five-year survival with nodal spread is 86%.", group="node-positive",
            estimand="five-year net survival by the registry's method (Ederer II, actuarial by month), equivalence within 2 points", tests=(spread,)))
