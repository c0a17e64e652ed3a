# Prints R's numbers for tests/validation/test_pitfalls.py, as `name value`; there is no CSV: the test holds them.
#
#   Rscript pitfalls.R ../inputs
#
# Needs the package survival (numbers kept here: survival 3.5-3, R 4.2.2).
suppressPackageStartupMessages(library(survival))
inputs <- commandArgs(trailingOnly = TRUE)[1]
put <- function(name, value) cat(sprintf("%s %.15g\n", name, as.numeric(value)), sep = "")

syn_a <- read.csv(file.path(inputs, "synA.csv"))
syn_a$node <- factor(syn_a$node, c("N0", "ITC", "micromet", "macromet"))
control <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)
fit <- coxph(Surv(time_months, status) ~ node + age + er, syn_a, robust = TRUE, control = control)
for (name in names(coef(fit))) {
  put(paste0("coefficient:", name), coef(fit)[[name]])
  put(paste0("robust_std_error:", name), sqrt(vcov(fit)[name, name]))
}

# The median where survival runs flat at one half, also where 5/6 * 4/5 * 3/4 is not one half in binary.
for (event in list(c(1, 1, 1, 1), c(1, 1, 1, 0, 0, 1), c(1, 1, 1, 0, 0, 0)))
  put(paste0("median:", paste(event, collapse = "")), quantile(survfit(Surv(seq_along(event), event) ~ 1), 0.5)$quantile)

# Case weights that are whole numbers, and the rows repeated.
test3 <- read.csv(file.path(inputs, "val_test3.csv"))
repeated <- test3[rep(seq_len(nrow(test3)), test3$wt), ]
for (ties in c("efron", "breslow")) {
  put(paste0("weighted:", ties), coef(coxph(Surv(time, status) ~ x, test3, weights = wt, ties = ties, control = control)))
  put(paste0("repeated:", ties), coef(coxph(Surv(time, status) ~ x, repeated, ties = ties, control = control)))
}

# Survival at 60 months with weights that are not whole, by the infinitesimal jackknife and by Greenwood's formula.
found <- summary(survfit(Surv(time_months, status) ~ 1, syn_a, weights = wt, id = id, robust = TRUE), times = 60)
put("weighted_survival", found$surv)
put("jackknife_std_error", found$std.err)
put("greenwood_std_error", summary(survfit(Surv(time_months, status) ~ 1, syn_a, weights = wt, robust = FALSE), times = 60)$std.err)
