"""The few fixed spellings of the registry of published rates, and what each spelling of its source becomes.

Every table is written as pairs, and `mapped_once` refuses a spelling that stands in it twice.
"""

from __future__ import annotations

# Category -> (the wider category it belongs to, what it means). Asking for a category also gives the kinds of it.
CATEGORIES = {
    "negative": ("", "Node-negative; the kind of examination is not stated."),
    "negative-h-and-e": ("negative", "Node-negative by routine histology (haematoxylin and eosin); occult deposits may be among them."),
    "negative-ihc": ("negative", "Node-negative by immunohistochemistry or central review as well: pN0(i-)."),
    "itc": ("", "Isolated tumour cells, up to 0.2 mm: pN0(i+)."),
    "micro": ("", "Micrometastasis, over 0.2 mm and up to 2.0 mm."),
    "itc-or-micro": ("", "Deposits up to 2.0 mm, isolated tumour cells among them."),
    "micro-or-macro": ("", "Deposits over 0.2 mm."),
    "macro": ("", "Macrometastasis, over 2.0 mm."),
    "occult": ("", "Missed by routine histology and found on review, of any size; most are isolated tumour cells."),
    "node-positive": ("", "Positive nodes, sizes mixed or not stated."),
    "localized": ("", "SEER summary stage localized: confined to the breast; isolated tumour cells count as negative nodes."),
    "regional": ("", "SEER summary stage regional: direct extension, or regional nodes of any number and size above isolated tumour cells."),
    "distant": ("", "SEER summary stage distant."),
    "all": ("", "All stages."),
    "stage-0": ("", "Anatomic stage 0."),
    "stage-i": ("", "Anatomic stage I."),
    "stage-ii": ("", "Anatomic stage II."),
    "stage-iia": ("stage-ii", "Anatomic stage IIA."),
    "stage-iib": ("stage-ii", "Anatomic stage IIB."),
    "stage-iii": ("", "Anatomic stage III."),
    "stage-iiia": ("stage-iii", "Anatomic stage IIIA."),
    "stage-iiib": ("stage-iii", "Anatomic stage IIIB."),
    "stage-iv": ("", "Anatomic stage IV."),
}
# Endpoint -> (how a sentence names it, part of a rate_id).
ENDPOINT_NAMES = {
    "overall": ("overall survival", "os"),
    "breast-cancer": ("breast-cancer survival", "bcss"),
    "disease-free": ("disease-free survival", "dfs"),
    "distant-disease-free": ("distant disease-free survival", "ddfi"),
    "recurrence": ("freedom from recurrence", "recurrence"),
    "recurrence-free": ("recurrence-free survival, deaths included", "rfs"),
    "event-free": ("event-free survival as its study defined it", "efs"),
    "local-regional-recurrence": ("freedom from local-regional recurrence", "lrr"),
}
RATIO_KINDS = {  # kind -> part of a rate_id
    "hazard ratio": "hr", "hazard ratio (90% interval)": "hr", "hazard ratio (one-sided 95% interval)": "hr", "subdistribution hazard ratio": "shr",
    "model-implied hazard ratio": "model-hr", "risk ratio": "rr", "ratio of survival proportions": "survival-ratio",
}


def mapped_once(pairs: tuple[tuple, ...]) -> dict:
    """Make a mapping of pairs (source spelling, ours), and refuse a spelling given twice.

    >>> mapped_once((("OS", "overall"), ("OS", "observed")))
    Traceback (most recent call last):
    ...
    ValueError: a spelling is mapped twice: 'OS'
    """
    mapping = {}
    for spelling, ours in pairs:
        if spelling in mapping:
            raise ValueError(f"a spelling is mapped twice: {spelling!r}")
        mapping[spelling] = ours
    return mapping


_RELATIVE = "net survival (relative survival)"
_COMPOSITE = "composite/disease-free"
_BREAST, _CAUSE = "breast-cancer", "cause-specific"
# (endpoint, estimand) of the source -> (endpoint, estimand).
ENDPOINTS = mapped_once((
    (("relative survival", _RELATIVE), ("overall", "net")),
    (("relative survival (labelled 'survival rate')", _RELATIVE), ("overall", "net")),
    (("'survival rate' (article defines as % alive at 5 y; underlying figure is SEER relative survival, regional stage)",
      "relative survival (mislabelled as OS in article)"), ("overall", "net")),
    (("OS", "all-cause survival"), ("overall", "observed")),
    (("OS (observed)", "all-cause survival"), ("overall", "observed")),
    (("OS (Cox 'survival'; cause not specified in abstract)", "all-cause survival (probable)"), ("overall", "observed")),
    (("BCSS", "cause-specific survival"), (_BREAST, _CAUSE)),
    (("DSS/BCSS", "cause-specific survival"), (_BREAST, _CAUSE)),
    (("CSS", "cause-specific survival"), (_BREAST, _CAUSE)),
    (("BCSS ('did not die from breast cancer')", "cause-specific survival (KM 1-CIF type not stated)"), (_BREAST, _CAUSE)),
    (("breast-cancer mortality", "cause-specific hazard (model)"), (_BREAST, _CAUSE)),
    (("breast-cancer-specific death (CIF)", "cause-specific cumulative incidence"), (_BREAST, "cumulative-incidence")),
    (("DFS", _COMPOSITE), ("disease-free", "observed")),
    (("all adverse events (DFS-type)", _COMPOSITE), ("disease-free", "observed")),
    (("recurrence/DFS", _COMPOSITE), ("disease-free", "observed")),
    (("DDFI", "distant disease-free interval"), ("distant-disease-free", "observed")),
    (("RFS", "composite/recurrence"), ("recurrence", "observed")),
    (("RFS", "composite/recurrence-free"), ("recurrence-free", "observed")),
    (("EFS", "composite/event-free"), ("event-free", "observed")),
    (("local-regional recurrence", "recurrence"), ("local-regional-recurrence", "observed")),
))
# Estimator of the source -> method; None where the source does not say.
RELATIVE_UNSTATED, UNSTATED = "relative survival, method not stated", "not stated"
METHODS = mapped_once((
    ("", None), ("not stated", None), ("as reported", None), ("Kaplan-Meier (assumed)", None),
    ("Kaplan-Meier", "Kaplan-Meier"),
    ("Kaplan-Meier, log-log CI (computed, not published)", "Kaplan-Meier, log-log"),
    ("actuarial/KM", "not stated (actuarial or Kaplan-Meier)"),
    ("actuarial relative survival, Ederer II (SEER*Stat default; method recalled not seen on page)", "ederer-ii"),
    ("relative survival", RELATIVE_UNSTATED), ("actuarial life table", RELATIVE_UNSTATED),
))
# Nodal category of the source -> (category, part of a rate_id, words for the population).
_MACRO, _POSITIVE = "macro", "node-positive"
SOURCE_CATEGORIES = mapped_once((
    ("N0", ("negative", "negative", "")), ("N0_IHC_NEG", ("negative-ihc", "negative-ihc", "")), ("N0_OCCULT_NEG", ("negative-ihc", "negative-ihc", "")),
    ("ITC", ("itc", "itc", "")), ("N1mi", ("micro", "micro", "")), ("ITC_OR_N1mi", ("itc-or-micro", "itc-or-micro", "")),
    ("LE2MM", ("itc-or-micro", "itc-or-micro", "")), ("N1mi_OR_MACRO", ("micro-or-macro", "micro-or-macro", "")),
    ("MACRO", (_MACRO, "macro", "")), ("MACRO (1 node)", (_MACRO, "macro-1", "one positive node")), ("MACRO_1_3", (_MACRO, "macro-1-3", "")),
    ("MACRO_BEYOND_N1A", (_MACRO, "macro-beyond-n1a", "")), ("MACRO_SLN_1_2", (_MACRO, "macro-sentinel-1-2", "")),
    ("OCCULT_ANY", ("occult", "occult", "")), ("OCCULT_IHC_POS", ("occult", "occult-ihc", "")),
    ("POS_ANY", (_POSITIVE, "node-positive", "")), ("POS_1", (_POSITIVE, "node-positive-1", "")), ("POS_2", (_POSITIVE, "node-positive-2", "")),
    ("POS_3", (_POSITIVE, "node-positive-3", "")), ("POS_4PLUS", (_POSITIVE, "node-positive-4-or-more", "")),
    ("POS_SLN", (_POSITIVE, "sentinel-positive", "")), ("POS_SLN_1_2", (_POSITIVE, "sentinel-positive-1-2", "")),
    ("N1_PROG_STAGE_IA", (_POSITIVE, "n1-prognostic-ia", "")), ("N1_PROG_STAGE_IB", (_POSITIVE, "n1-prognostic-ib", "")),
    ("N1_PROG_STAGE_IIA", (_POSITIVE, "n1-prognostic-iia", "")), ("N1_PROG_STAGE_IIB", (_POSITIVE, "n1-prognostic-iib", "")),
    ("N1_PROG_STAGE_IIIA", (_POSITIVE, "n1-prognostic-iiia", "")),
    ("LOCALIZED",
     ("localized", "localized", "")), ("REGIONAL", ("regional", "regional", "")), ("DISTANT", ("distant", "distant", "")), ("ALL", ("all", "all", "")),
    *((f"STAGE_{stage}", (f"stage-{stage.lower()}", f"stage-{stage.lower()}", "")) for stage in ("0", "I", "II", "IIA", "IIB", "III", "IIIA", "IIIB", "IV")),
))
# Definitions of `N0` that say how the nodes were examined.
NEGATIVE_BY_DEFINITION = mapped_once((
    ("no positive axillary nodes", "negative-h-and-e"), ("pathologically node-negative T1-3", "negative-h-and-e"),
    ("sentinel-node negative by H&E (includes ~16% with occult deposits)", "negative-h-and-e"),
    ("stage IA: T1N0", "negative"), ("node negative", "negative"),
))
REFERENCES = mapped_once((
    ("", None), ("self", None),
    ("N0", "negative"), ("N0 (stage IA)", "negative"), ("N0 (n=922)", "negative"), ("N0, no adjuvant therapy (n=856)", "negative"),
    ("N0 (SLN negative)", "negative-h-and-e"),
    ("pN0(i-)", "negative-ihc"), ("pN0(i-) n=88632", "negative-ihc"), ("N0_IHC_NEG", "negative-ihc"), ("N0_OCCULT_NEG", "negative-ihc"),
    ("IHC-negative", "negative-ihc"),
    ("N1mi", "micro"), ("N1mi, White women", "micro (white women)"), ("MACRO (N1, 1-3 nodes)", "macro"),
    ("ITC_OR_N1mi without adjuvant therapy (n=856)", "itc-or-micro (no adjuvant therapy)"),
    ("ALND", "axillary dissection"), ("axillary dissection", "axillary dissection"), ("completion ALND", "axillary dissection"),
))
# Kind of ratio of the source -> (kind, method where the row has no survival figure, what it is adjusted for where that column is empty).
_HAZARD, _UNLISTED = "hazard ratio", "several covariates, not listed"
RATIOS = mapped_once((
    ("", (None, None, None)),
    ("HR IB vs IA (unadjusted as reported)", (_HAZARD, UNSTATED, "unadjusted")),
    ("adjusted Cox HR", (_HAZARD, "Cox model", _UNLISTED)), ("adjusted Cox HR (CI not in abstract)", (_HAZARD, "Cox model", _UNLISTED)),
    ("multivariate Cox HR", (_HAZARD, "Cox model", _UNLISTED)),
    ("adjusted HR", (_HAZARD, UNSTATED, _UNLISTED)), ("adjusted HR (disease events)", (_HAZARD, UNSTATED, _UNLISTED)),
    ("adjusted HR breast-cancer death", (_HAZARD, UNSTATED, _UNLISTED)),
    ("HR (CI not in text seen)",
     (_HAZARD, UNSTATED, None)), ("HR (CI not seen)", (_HAZARD, UNSTATED, None)), ("HR (CI not in abstract)", (_HAZARD, UNSTATED, None)),
    ("HR (as reported for BCSS)", (_HAZARD, UNSTATED, None)), ("HR ART vs ALND", (_HAZARD, UNSTATED, None)), ("HR Black vs White", (_HAZARD, UNSTATED, None)),
    ("HR no AD vs AD", (_HAZARD, UNSTATED, None)), ("country-adjusted HR", (_HAZARD, UNSTATED, "country")),
    ("unadjusted Cox HR computed here; log-rank chi2=5.49", (_HAZARD, "Cox model", "unadjusted")),
    ("unadjusted HR, 90% CI (adjusted 0.87, 0.62-1.23)", ("hazard ratio (90% interval)", UNSTATED, "unadjusted")),
    ("unadjusted HR, one-sided 95% CI (adjusted 0.93, 0-1.28)", ("hazard ratio (one-sided 95% interval)", UNSTATED, "unadjusted")),
    ("pooled HR, random effects, multivariably corrected", (_HAZARD, "meta-analysis, random effects", _UNLISTED)),
    ("Fine-Gray subdistribution HR, multivariable", ("subdistribution hazard ratio", "Fine-Gray model", _UNLISTED)),
    ("model-implied HR = ratio^beta (derived here, no CI)", ("model-implied hazard ratio", "coefficient of PREDICT 2.1", None)),
    ("pooled RISK RATIO of event at 5 y (not HR)", ("risk ratio", "meta-analysis", None)),
    ("pooled RISK RATIO of death at 5 y (not HR)", ("risk ratio", "meta-analysis", None)),
    ("pooled ratio of SURVIVAL PROPORTIONS (RR<1 = worse); NOT a hazard ratio", ("ratio of survival proportions", "meta-analysis", None)),
))
ADJUSTMENTS = mapped_once((
    ("", None), ("not listed in abstract", _UNLISTED),
    ("study arm, stratification and other factors (NCI: 'study group and other possible confounders'; full covariate list not seen)",
     "study arm, stratification factors and others, not listed"),
    ("multivariable (age, T size, grade, HR status, axillary treatment etc. - list recalled, not seen)", _UNLISTED),
    ("sex, ER, PR, histology, grade, age, T stage, period", "sex, ER, PR, histology, grade, age, T category, period"),
    ("confounders incl. adjuvant systemic treatment", "confounders, adjuvant systemic treatment among them"),
    ("age, pT, grade (unchanged after adjuvant therapy)", "age, T category, grade"),
    ("grade, tumour size, ER, vascular invasion, treatment", "grade, tumour size, ER, vascular invasion, treatment"),
    ("age, size, grade, detection, HER2, Ki67, treatment", "age, tumour size, grade, detection, HER2, Ki67, treatment"),
    # The source gives these covariates for the adjusted ratio, which stands in the note; the row's own ratio is unadjusted.
    ("adjuvant therapy, age (adjusted value)", "unadjusted"),
))
# Sizes of groups that are not a plain number; None where the number is not the group's.
COUNTS = mapped_once((
    ("", None), ("3268 (=3884-616)", 3268), ("2977 (=3326-349)", 2977), ("~431 (11.1% of 3887)", 431), ("~186 (4.8% of 3887)", 186),
    ("cohort studies n=285638", None), ("occult studies n=7740", None),
))
