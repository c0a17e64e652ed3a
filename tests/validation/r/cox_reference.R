# Makes cox_reference.csv: R's numbers for Cox models and the test of proportional hazards.
# Rscript cox_reference.R INPUTS OUT [ROSSI]   the folder of the inputs, the folder to write to, and lifelines' rossi.csv
# (Made with R 4.2.2, survival 3.5-3; the rossi data of lifelines are not kept here, its numbers are.)
library(survival)
options(digits = 17, warn = 1)

folders <- commandArgs(TRUE)
read <- function(name) read.csv(file.path(folders[1], name))
nodes <- function(frame) within(frame, node <- factor(node, c("N0", "ITC", "micromet", "macromet")))
btrial <- read("btrial.csv"); synA <- nodes(read("synA.csv")); synB <- nodes(read("synB.csv"))
val_test1 <- read("val_test1.csv"); val_test2 <- read("val_test2.csv"); val_test3 <- read("val_test3.csv")
edge <- read("edge_cases.csv")

rows <- list()
add <- function(dataset, analysis, method, time, term, statistic, value, group = "all") {
  text <- ifelse(is.na(value), "NA", sprintf("%.17g", value))
  rows[[length(rows) + 1]] <<- data.frame(dataset, analysis, method, group, time, term, statistic, value = text)
}
chi <- function(x, df) pchisq(x, df, lower.tail = FALSE)

add_fit <- function(dataset, method, fit, analysis = "coxph") {
  beta <- coef(fit); table <- summary(fit)$coefficients; limits <- summary(fit)$conf.int
  robust <- "robust se" %in% colnames(table)
  for (k in seq_along(beta)) {
    term <- names(beta)[k]
    columns <- c(coef = "coef", se = "se(coef)", if (robust) c(robust_se = "robust se"), z = "z", p = "Pr(>|z|)")
    add(dataset, analysis, method, "", term, names(columns), table[k, columns])
    add(dataset, analysis, method, "", term, c("HR", "HR_lower", "HR_upper"), limits[k, c("exp(coef)", "lower .95", "upper .95")])
  }
  likelihood <- fit$loglik; df <- sum(!is.na(beta)); ratio <- 2 * diff(likelihood); whole <- "(global)"
  add(dataset, analysis, method, "", whole,
      c("n", "nevent", "loglik0", "loglik", "LR", "LR_df", "LR_p", "Wald", "Wald_p", "score", "score_p", "concordance", "AIC", "BIC"),
      c(fit$n, fit$nevent, likelihood, ratio, df, chi(ratio, df), fit$wald.test, chi(fit$wald.test, df), fit$score, chi(fit$score, df),
        fit$concordance["concordance"], AIC(fit), BIC(fit)))
  if (robust) add(dataset, analysis, method, "", whole, c("robust_score", "robust_score_p"), c(fit$rscore, chi(fit$rscore, df)))
  if (length(beta) > 1 && analysis == "coxph") {
    pairs <- which(upper.tri(vcov(fit)), arr.ind = TRUE)
    add(dataset, "coxph_vcov", method, "", paste(names(beta)[pairs[, 1]], "x", names(beta)[pairs[, 2]]), "cov", vcov(fit)[pairs])
  }
}

add_zph <- function(dataset, method, fit) {
  for (transform in c("km", "rank", "identity", "log")) for (terms in c(TRUE, FALSE)) {
    table <- cox.zph(fit, transform = transform, terms = terms)$table
    for (k in seq_len(nrow(table)))
      add(dataset, "cox.zph", paste0(method, " transform=", transform, " terms=", terms), "", rownames(table)[k], c("chisq", "df", "p"), table[k, ])
  }
}

models <- list(
  btrial = Surv(time, death) ~ factor(im),
  synA = Surv(time_months, status) ~ node + age + factor(grade) + er + size_mm + chemo,
  synA = Surv(time_months, status) ~ node + age + er + strata(hosp),
  synB = Surv(entry, exit, status) ~ node + age,
  synB_attained_age = Surv(age_entry, age_exit, status) ~ node,
  val_test1 = Surv(time, status) ~ x,
  val_test2 = Surv(start, stop, event) ~ x)
for (k in seq_along(models)) for (ties in c("efron", "breslow")) {
  dataset <- names(models)[k]; formula <- models[[k]]
  fit <- coxph(formula, get(sub("_attained_age", "", dataset)), ties = ties, x = TRUE, model = TRUE)
  method <- paste(gsub(" ", "", paste(deparse(formula, 500), collapse = "")), "|", ties)
  add_fit(dataset, method, fit)
  add_zph(dataset, method, fit)
}

# Case weights, robust and clustered variances. Weights that are fractions would make R's variance robust unless it is told otherwise.
for (ties in c("efron", "breslow")) {
  formula <- Surv(time_months, status) ~ node + age + er
  label <- function(options) paste("Surv(time_months,status)~node+age+er |", ties, "|", options)
  fits <- list(
    weights = coxph(formula, synA, weights = wt, robust = FALSE, ties = ties, x = TRUE, model = TRUE),
    robust = coxph(formula, synA, robust = TRUE, ties = ties),
    "weights+robust" = coxph(formula, synA, weights = wt, robust = TRUE, ties = ties),
    "cluster hosp" = coxph(formula, synA, cluster = hosp, ties = ties),
    "weights+cluster hosp" = coxph(formula, synA, weights = wt, cluster = hosp, ties = ties, x = TRUE, model = TRUE))
  for (options in names(fits)) add_fit("synA", label(options), fits[[options]])
  for (options in c("weights", "weights+cluster hosp")) add_zph("synA", label(options), fits[[options]])
  add_fit("val_test3", paste("Surv(time,status)~x |", ties, "| weights"), coxph(Surv(time, status) ~ x, val_test3, weights = wt, ties = ties))
}

for (case in list(list("btrial", btrial, Surv(time, death) ~ factor(im)), list("synA", synA, Surv(time_months, status) ~ node))) {
  fit <- coxph(case[[3]], case[[2]], ties = "breslow"); df <- length(coef(fit))
  add(case[[1]], "cox_score_test", "breslow", "", "", c("score", "df", "p"), c(fit$score, df, chi(fit$score, df)))
}

monotone <- suppressWarnings(coxph(Surv(time, status) ~ group, edge[edge$case == "group_without_events", ]))
add_fit("edge:group_without_events", "Surv(time,status)~group | efron", monotone, "coxph_monotone_likelihood")

# Predicted survival exp(-H) and the baseline hazard where every covariate is 0.
predictions <- list(
  btrial = list(Surv(time, death) ~ im, data.frame(im = c(1, 2)), c(12, 36, 60)),
  synA = list(Surv(time_months, status) ~ node + age, data.frame(node = c("N0", "micromet", "macromet"), age = c(60, 60, 75)), c(12, 36, 60, 120)),
  synB = list(Surv(entry, exit, status) ~ node + age, data.frame(node = c("N0", "macromet"), age = c(60, 75)), 365.25 * c(1, 3, 5)))
for (dataset in names(predictions)) for (ties in c("efron", "breslow")) {
  case <- predictions[[dataset]]
  fit <- coxph(case[[1]], get(dataset), ties = ties, x = TRUE, model = TRUE)
  method <- paste(gsub(" ", "", deparse(case[[1]][[3]])), ties)
  for (k in seq_len(nrow(case[[2]]))) {
    profile <- paste0("newdata ", k, ": ", paste(names(case[[2]]), sapply(case[[2]][k, , drop = FALSE], as.character), sep = "=", collapse = ";"))
    curve <- summary(survfit(fit, case[[2]][k, , drop = FALSE]), times = case[[3]])
    add(dataset, "cox_predicted_survival", paste(method, "stype=2"), case[[3]], "", "surv", curve$surv, profile)
  }
  baseline <- basehaz(fit, centered = FALSE)
  add(dataset, "cox_basehaz", paste(method, "centered=FALSE"), case[[3]], "", "cumhaz", c(0, baseline$hazard)[findInterval(case[[3]], baseline$time) + 1])
}

if (length(folders) > 2) {
  fit <- coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, read.csv(folders[3]))
  add_zph("rossi", "Surv(week,arrest)~fin+age+race+wexp+mar+paro+prio | efron", fit)
}

write.csv(do.call(rbind, rows), file.path(folders[2], "cox_reference.csv"), row.names = FALSE, quote = c(3, 4), eol = "\n")
