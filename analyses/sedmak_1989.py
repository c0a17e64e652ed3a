"""Sedmak et al. 1989: occult nodal metastases in 45 women, node-negative by routine histology (real patients).

Run it from the top of the checkout: python analyses/sedmak_1989.py
It prints what it finds and writes reports/sedmak_1989/report.html.
"""

import survival_nodes as sn

cohort = sn.example("sedmak-1989")

# The published figures, one by one: survival at 60 and 120 months, the log-rank test, the hazard ratio.
print(sn.KaplanMeier("ihc", at_years=(5, 10))(cohort)[["group", "years", "estimate", "conf_low", "conf_high", "n_risk"]].to_string(index=False))
print(sn.LogRank("ihc")(cohort)[["test", "statistic", "df", "p_value"]].to_string(index=False))
print(sn.CoxModel("ihc")(cohort)[["term", "hazard_ratio", "conf_low", "conf_high"]].to_string(index=False))

# The same, whole: tables, the published figure, methods and provenance in one page.
findings = sn.Study.packaged("sedmak-1989").run()
print(*findings.summary, sep="\n")
print(sn.write_report(findings, "reports/sedmak_1989"))
