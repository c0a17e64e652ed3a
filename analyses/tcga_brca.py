"""TCGA breast cancer, PanCancer Atlas: overall survival by the size of the nodal deposit (1,084 real patients; you fetch your own copy).

Run it where the file is, or name the file:

    survival-nodes fetch tcga-brca
    python analyses/tcga_brca.py [brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt]

It prints what it finds and writes reports/tcga_brca/report.html. Without the file it says so, with exit code 3.
"""

import sys
from pathlib import Path

import survival_nodes as sn

path = Path(sys.argv[1] if len(sys.argv) > 1 else "brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt")
if not path.is_file():
    print(f"There is no file {path.name} here. Fetch your own copy: survival-nodes fetch tcga-brca", file=sys.stderr)
    sys.exit(3)

# Everybody, by the code of pathologic N and its edition: 28 with isolated tumour cells, 36 with a micrometastasis.
everybody = sn.read_cohort(path, "cbioportal")
print(everybody)
print(*everybody.origin.notes, sep="\n")
survival = sn.KaplanMeier("nodal_category", at_years=(1, 3, 5), conf_type="log")(everybody)
print(survival[["group", "years", "estimate", "conf_low", "conf_high", "n_risk", "n_event"]].to_string(index=False))
# Half of the patients were followed for so long (reverse Kaplan-Meier).
print(sn.FollowUp("nodal_category")(everybody)[["group", "years", "conf_low", "conf_high"]].to_string(index=False))

# The usual rules. M was not assessed (MX) in one patient in seven: only those with known distant metastasis are left out.
not_m1 = sn.Rule("not M1", lambda rows: rows["m_category"] != "M1", "distant metastasis at diagnosis")
cohort = everybody.select("default", without=("m0",)).where(not_m1)
print(cohort.ledger.frame[["rule", "reason", "n_after"]].to_string(index=False))
print(sn.LogRank("nodal_category")(cohort)[["test", "statistic", "df", "p_value"]].to_string(index=False))
print(sn.CoxModel("nodal_category + I(age / 10)")(cohort)[["term", "hazard_ratio", "conf_low", "conf_high", "p_value", "n_event"]].to_string(index=False))
# Mean time lived within five years: the difference from node-negative, which needs no proportional hazards.
mean = sn.RestrictedMean("nodal_category", 5).contrast(cohort, "negative")
print(mean[["measure", "group", "estimate", "conf_low", "conf_high", "p_value"]].to_string(index=False))

study = sn.Study.of_cohort(cohort, name="tcga-brca", plan={
    "title": "Overall survival by size of the nodal deposit: TCGA breast cancer", "by": "nodal_category", "at_years": [1, 3, 5], "horizon_years": 10,
    "formula": "nodal_category + I(age / 10)", "labels": {"I(age / 10)": "Age, per 10 years"},
    "question": "What can the open data of TCGA say of survival with isolated tumour cells or a micrometastasis in the nodes?",
    "assumptions": [
        "Three deaths with isolated tumour cells and four with a micrometastasis: no claim about these groups, of harm or harmlessness, can be settled here.",
        "Tumours were collected for sequencing, not registered: large ones are over-represented, and the patients are no sample of any population.",
        "Follow-up is short and was given up at different times in different hospitals; deaths of other causes are counted.",
        "Plain N0 may hide isolated tumour cells; only N0(i-) excludes them.",
        "Treatment is not in the file, and follows the finding in the nodes."],
    "references": ["Liu J et al. Cell 2018;173:400-416 (follow-up and endpoints of TCGA)."]})
findings = study.run()
print(*findings.summary, sep="\n")
print(sn.write_report(findings, "reports/tcga_brca"))
