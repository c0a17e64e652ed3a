"""The claims of a widely read patient article, tested on a SYNTHETIC cohort of 20,000 women: verdicts are demonstrations.

Run it from the top of the checkout: python analyses/article_claims.py
It prints the claims with their verdicts and writes reports/article_claims/report.html.

H1 isolated tumour cells are no worse than node-negative; H2 a micrometastasis is worse; H3 a macrometastasis is worse than both;
H4 five-year survival with nodal spread is 86%, a relative survival (SEER, regional stage): put to net survival against the US life table.
"""

import survival_nodes as sn

study = sn.Study.packaged("article-claims")
findings = study.run()

print("SYNTHETIC cohort:", study.cohort)
for row in findings.frames["verdicts"].itertuples():
    reason = f": {row.reason}" if row.reason else ""
    print(f"{row.hypothesis}  {row.claim}  {row.verdict}{reason}")
shown = ["hypothesis", "measure", "endpoint", "group", "reference", "estimate", "conf_low", "conf_high", "margin", "verdict"]
print(findings.frames["contrasts"][shown].to_string(index=False))
beside = ["rate_id", "estimand", "observed", "observed_low", "observed_high", "published", "verdict"]
print(findings.frames["claims_published"][beside].to_string(index=False))
print(sn.write_report(findings, "reports/article_claims"))
