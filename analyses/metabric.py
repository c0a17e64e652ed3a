"""METABRIC: survival by number of positive nodes (1,981 real women with follow-up; you fetch your own copy).

Run it where the file is, or name the file:

    survival-nodes fetch metabric
    python analyses/metabric.py [brca_metabric_data_clinical_patient.txt]

It prints what it finds and writes reports/metabric/report.html. Without the file it says so, with exit code 3.
Nodes are counted and deposits not measured: isolated tumour cells and micrometastases cannot be told from other findings here.
"""

import sys
from pathlib import Path

import survival_nodes as sn

path = Path(sys.argv[1] if len(sys.argv) > 1 else "brca_metabric_data_clinical_patient.txt")
if not path.is_file():
    print(f"There is no file {path.name} here. Fetch your own copy: survival-nodes fetch metabric", file=sys.stderr)
    sys.exit(3)

everybody = sn.read_cohort(path, "metabric")
print(everybody)
print(*everybody.origin.notes, sep="\n")


LEVELS = ["no node", "1-3 nodes", "4-9 nodes", "10+ nodes"]


def level(n):
    return LEVELS[0 if n == 0 else 1 if n <= 3 else 2 if n <= 9 else 3]


rows = everybody.rows[["n_positive"]]
nodes = rows["n_positive"].map(level, na_action="ignore").astype("category").cat.set_categories(LEVELS)
cohort = everybody.with_columns(rows.assign(positive_nodes=nodes)[["positive_nodes"]])
cohort = cohort.where(sn.Rule("nodes counted", lambda rows: rows["n_positive"].notna(), "number of positive nodes is not recorded"))
print(cohort.ledger.frame[["rule", "reason", "n_after"]].to_string(index=False))

shown = ["endpoint", "group", "years", "estimate", "conf_low", "conf_high", "n_risk", "n_event"]
print(sn.FollowUp("positive_nodes")(cohort)[["group", "years", "conf_low", "conf_high"]].to_string(index=False))
# Death from any cause; then of breast cancer, the others censored: what is missing from 1 is not the share who die of it.
for endpoint in ("overall", "breast-cancer"):
    of = cohort.with_endpoint(endpoint)
    print(sn.KaplanMeier("positive_nodes", at_years=(5, 10), conf_type="log")(of)[shown].to_string(index=False))
    print(sn.LogRank("positive_nodes")(of)[["test", "statistic", "df", "p_value"]].to_string(index=False))
    print(sn.CoxModel("positive_nodes + I(age / 10)")(of)[["term", "hazard_ratio", "conf_low", "conf_high", "n_event"]].to_string(index=False))

# Deaths of other causes compete: the share who die of breast cancer, where the cause is known, and the years that it takes within ten.
known = cohort.where(sn.Rule("cause known", lambda rows: rows["cause"].notna(), "cause of death is not recorded"))
print(sn.AalenJohansen("positive_nodes", at_years=(5, 10))(known)[["cause", *shown]].to_string(index=False))
print(sn.RestrictedMean("positive_nodes", 10).years_lost(known)[["group", "cause", "estimate", "conf_low", "conf_high"]].to_string(index=False))
findings = sn.Study.of_cohort(known, name="metabric", plan={
    "title": "Survival by number of positive nodes: METABRIC", "by": "positive_nodes", "at_years": [1, 5, 10], "cause": "breast-cancer", "horizon_years": 20,
    "formula": "positive_nodes + I(age / 10)", "labels": {"positive_nodes": "Positive nodes", "I(age / 10)": "Age, per 10 years"},
    "question": "How does survival fall with the number of positive nodes? The size of the deposits cannot be asked of these data.",
    "assumptions": ["No positive node is not the same as node-negative by today's reading: isolated tumour cells are not excluded.",
                    "Hazard ratios are adjusted for age alone; treatment of these years followed the number of nodes."]}).run()
print(*findings.summary, sep="\n")
print(sn.write_report(findings, "reports/metabric"))
