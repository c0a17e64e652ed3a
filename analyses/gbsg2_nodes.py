"""GBSG trial 2: recurrence-free survival of 686 women by number of positive nodes (real patients).

Run it from the top of the checkout: python analyses/gbsg2_nodes.py
It prints what it finds and writes reports/gbsg2_nodes/report.html.
"""

import survival_nodes as sn

cohort = sn.example("gbsg2")

# Recurrence-free survival at 1, 3 and 5 years.
print(sn.KaplanMeier("positive_nodes", at_years=(1, 3, 5))(cohort)[["group", "years", "estimate", "conf_low", "conf_high", "n_risk"]].to_string(index=False))

# The adjusted model of the packaged study, and whether hazards are proportional.
study = sn.Study.packaged("gbsg2-nodes")
model = sn.CoxModel(study.formula)
print(model(cohort)[["term", "hazard_ratio", "conf_low", "conf_high", "p_value"]].to_string(index=False))
print(sn.ProportionalHazards(model)(cohort)[["comparison", "statistic", "df", "p_value"]].to_string(index=False))

findings = study.run()
print(*findings.summary, sep="\n")
print(sn.write_report(findings, "reports/gbsg2_nodes"))
