# Makes gbsg2_nodes.csv: R's numbers for the analysis of the GBSG trial by number of positive nodes.
#
#   Rscript gbsg2_nodes.R GBSG2.csv OUTPUT.csv
#
# GBSG2.csv is the trial as lifelines' load_gbsg2() holds it. Needs the package survival (numbers kept here: survival 3.5-3, R 4.2.2).
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
trial <- read.csv(arguments[1], stringsAsFactors = TRUE)
trial$group <- cut(trial$pnodes, c(0, 3, 9, Inf), labels = c("1-3", "4-9", "10+"))
trial$menostat <- relevel(trial$menostat, "Pre")
trial$horTh <- relevel(trial$horTh, "no")

rows <- list()
put <- function(kind, group, term, statistic, value)
  rows[[length(rows) + 1]] <<- data.frame(kind, group, term, statistic, value = format(value, digits = 17))

for (group in levels(trial$group)) {
  fit <- survfit(Surv(time, cens) ~ 1, trial[trial$group == group, ], conf.type = "log-log")
  found <- summary(fit, times = c(1, 3, 5) * 365.25)
  for (i in 1:3) for (name in c("surv", "std.err", "lower", "upper", "n.risk"))
    put("survival", group, c(1, 3, 5)[i], name, found[[name]][i])
}
test <- survdiff(Surv(time, cens) ~ group, trial)
put("log-rank", "", "", "chisq", test$chisq)
model <- coxph(Surv(time, cens) ~ group + I(age / 10) + menostat + I(tsize / 10) + tgrade + I(progrec / 100) + I(estrec / 100) + horTh,
               trial, control = coxph.control(eps = 1e-11, toler.chol = 1e-13, iter.max = 50))
for (term in names(coef(model))) {
  put("cox", "", term, "coef", coef(model)[[term]])
  put("cox", "", term, "se", sqrt(vcov(model)[term, term]))
}
put("cox", "", "", "loglik", model$loglik[2])
zph <- cox.zph(model)$table
for (term in rownames(zph)) for (name in c("chisq", "df", "p")) put("zph", "", term, name, zph[term, name])
write.csv(do.call(rbind, rows), arguments[2], row.names = FALSE)
