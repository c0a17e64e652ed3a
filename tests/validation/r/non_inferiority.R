# Makes non_inferiority_reference.csv: R's numbers for non-inferiority and superiority on the data sets in ../inputs.
# Run in this folder: Rscript non_inferiority.R      (made with R 4.2.2, survival 3.5-3)
library(survival)
options(digits = 17, warn = 1)

nodes <- c("N0", "ITC", "micromet", "macromet")
btrial <- read.csv("../inputs/btrial.csv")
synA <- within(read.csv("../inputs/synA.csv"), node <- factor(node, nodes))

rows <- list()
add <- function(dataset, analysis, method, group, time, statistic, value) {
  rows[[length(rows) + 1]] <<- data.frame(dataset, analysis, method, group, time, term = "", statistic, value = sprintf("%.17g", value))
}

# Difference in survival at a time, group minus reference: Greenwood's variance, plain scale.
difference <- function(dataset, name, time, event, months, group, new, reference) {
  at <- function(one) {
    summary(survfit(Surv(time[group == one], event[group == one]) ~ 1), times = months)
  }
  ours <- at(new); theirs <- at(reference)
  delta <- ours$surv - theirs$surv; se <- sqrt(ours$std.err^2 + theirs$std.err^2)
  label <- paste0(name, ": ", new, " minus ", reference)
  for (level in c(0.9, 0.95)) {
    z <- qnorm(1 - (1 - level) / 2)
    add(dataset, "ni_survival_difference", paste0("Wald Greenwood level=", level), label, months, c("surv_ref", "surv_new", "diff", "se", "lower", "upper"),
        c(theirs$surv, ours$surv, delta, se, delta - z * se, delta + z * se))
  }
  for (margin in c(0.03, 0.05, 0.1)) {
    z <- (delta + margin) / se
    add(dataset, "ni_test", paste0("H0: S1-S0<=-", margin, " Wald"), label, months, c("z", "p_one_sided"), c(z, pnorm(z, lower.tail = FALSE)))
  }
}

# Hazard ratio of two groups alone, against a margin.
ratio <- function(dataset, name, time, event, group, new, reference) {
  own <- group %in% c(new, reference)
  fit <- coxph(Surv(time[own], event[own]) ~ factor(group[own], c(reference, new)))
  b <- unname(coef(fit)); se <- sqrt(vcov(fit)[1, 1])
  for (margin in c(1.25, 1.3, 1.5)) {
    z <- (b - log(margin)) / se
    add(dataset, "ni_test", paste0("HR margin ", margin, " (Cox Efron)"), paste0(name, ": ", new, " minus ", reference), "",
        c("logHR", "se", "HR", "upper_95_two_sided", "upper_90_two_sided", "z", "p_one_sided"),
        c(b, se, exp(b), exp(b + qnorm(0.975) * se), exp(b + qnorm(0.95) * se), z, pnorm(z)))
  }
}

# Every group against any reference in one model, adjusted or not: "worse" at one-sided 2.5%.
worse <- function(method, formula, frame, reference, group) {
  frame <- within(frame, node <- relevel(node, reference))
  fit <- coxph(formula, frame)
  for (new in setdiff(nodes, reference)) {
    term <- paste0("node", new); b <- coef(fit)[[term]]; se <- sqrt(vcov(fit)[term, term])
    add("synA", "worse", method, paste0("node: ", new, " minus ", reference), "", c("HR", "se", "lower", "upper", "p_one_sided"),
        c(exp(b), se, exp(b - qnorm(0.975) * se), exp(b + qnorm(0.975) * se), pnorm(b / se, lower.tail = FALSE)))
  }
}

difference("btrial", "im", btrial$time, btrial$death, 60, btrial$im, 2, 1)
ratio("btrial", "im", btrial$time, btrial$death, btrial$im, 2, 1)
for (new in c("ITC", "micromet")) {
  for (months in c(60, 120)) difference("synA", "node", synA$time_months, synA$status, months, synA$node, new, "N0")
  ratio("synA", "node", synA$time_months, synA$status, synA$node, new, "N0")
}
for (reference in c("N0", "micromet")) {
  worse("node", Surv(time_months, status) ~ node, synA, reference)
  worse("node + age + grade", Surv(time_months, status) ~ node + age + grade, synA, reference)
}
write.csv(do.call(rbind, rows), "non_inferiority_reference.csv", row.names = FALSE, quote = 1:7)
