# Makes cox_influence_reference.csv: R's residuals and variances of weighted Cox models with delayed entry, strata, ties and clusters.
# Rscript cox_influence_reference.R INPUTS OUT   the folder of the inputs, and the folder to write to
# (Made with R 4.2.2, survival 3.5-3. The first 40 rows of synB; months, weights and wards are made up of its columns.)
library(survival)
options(digits = 17, warn = 1)

folders <- commandArgs(TRUE)
rows <- within(head(read.csv(file.path(folders[1], "synB.csv")), 40), {
  first <- floor(entry / 120); last <- pmax(ceiling(exit / 120), first + 1)
  weight <- 0.5 + id %% 4; ward <- id %% 11; late <- id %% 2; third <- id %% 3
})

kept <- list()
add <- function(method, term, statistic, value)
  kept[[length(kept) + 1]] <<- data.frame(dataset = "synB_40", analysis = "cox_influence", method, group = "all", time = "", term, statistic,
                                          value = sprintf("%.17g", as.vector(value)))
for (ties in c("efron", "breslow")) {
  fit <- coxph(Surv(first, last, status) ~ age + late + strata(third), rows, weights = weight, cluster = ward, ties = ties, x = TRUE, model = TRUE)
  columns <- names(coef(fit)); each <- paste(rep(rows$id, 2), rep(columns, each = 40)); pairs <- outer(columns, columns, paste, sep = " x ")
  add(ties, columns, "coef", coef(fit))
  add(ties, as.vector(pairs), "cov", fit$var)
  add(ties, as.vector(pairs), "naive_cov", fit$naive.var)
  add(ties, "(global)", c("loglik0", "loglik", "score", "robust_score", "Wald", "concordance"),
      c(fit$loglik, fit$score, fit$rscore, fit$wald.test, fit$concordance["concordance"]))
  add(ties, each, "score_residual", residuals(fit, "score"))
  add(ties, each, "dfbeta", residuals(fit, "dfbeta"))
  add(ties, rows$id, "martingale", residuals(fit, "martingale"))
  for (transform in c("km", "rank", "identity")) {
    table <- cox.zph(fit, transform = transform)$table
    add(ties, rownames(table), paste("zph", transform), table[, "chisq"])
  }
}
write.csv(do.call(rbind, kept), file.path(folders[2], "cox_influence_reference.csv"), row.names = FALSE, quote = c(3, 6), eol = "\n")
