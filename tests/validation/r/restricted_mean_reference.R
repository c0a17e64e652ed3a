# Makes restricted_mean_reference.csv anew from the files in ../inputs.
#
#   Rscript restricted_mean_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the package survival (the numbers kept here: survival 3.5-3, R 4.2.2) and nothing else. Each row: dataset, analysis, method,
# group, time, term, statistic, value; an empty time or term says that there is none. Contrasts follow from survfit's restricted
# means (normal, ratios on the log scale). The adjusted models are worked out from the formulas of Tian, Zhao and Wei (2014,
# Biostatistics 15:222), a row at a time, with R's lm and glm for the coefficients.
suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
folder <- arguments[2]
input <- function(name) read.csv(file.path(inputs, name), stringsAsFactors = FALSE)
as_written <- function(value) ifelse(is.na(value), "NA", format(value, digits = 17, trim = TRUE))

rows <- list()
put <- function(analysis, method, group, term, statistic, value, time) {
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = dataset, analysis = analysis, method = method, group = group, time = as.character(time), term = term, statistic = statistic,
    value = vapply(as.numeric(value), as_written, ""))
}
reach <- qnorm(.975)
two_sided <- function(z) 2 * pnorm(-abs(z))

mean_of <- function(surv, tau) {
  table <- summary(survfit(surv ~ 1), rmean = tau)$table
  c(table[["rmean"]], table[["se(rmean)"]])
}

alone <- function(surv, group, taus) for (tau in taus) {
  lived <- mean_of(surv, tau)
  put("rmst", "survfit rmean", group, "", c("rmst", "se", "rmtl"), c(lived, tau - lived[1]), tau)
}

contrast <- function(method, first, other, taus) for (tau in taus) {
  arms <- list(arm0 = mean_of(first, tau), arm1 = mean_of(other, tau))
  for (arm in names(arms)) {
    lived <- arms[[arm]]
    for (term in c("rmst", "rmtl")) {
      mean <- if (term == "rmst") lived[1] else tau - lived[1]
      put("rmst2", method, arm, term, c("est", "se", "lower", "upper"), c(mean, lived[2], mean - reach * lived[2], mean + reach * lived[2]), tau)
    }
    put("rmst2", method, arm, "rmst.var", "var", lived[2]^2, tau)
  }
  m <- sapply(arms, `[`, 1); s <- sapply(arms, `[`, 2)
  difference <- m[2] - m[1]; own <- sqrt(sum(s^2))
  put("rmst2", method, "arm1 vs arm0", "RMST difference", c("est", "lower", "upper", "p"),
      c(difference, difference - reach * own, difference + reach * own, two_sided(difference / own)), tau)
  for (term in c("RMST ratio", "RMTL ratio")) {
    t <- if (term == "RMST ratio") m else tau - m
    ratio <- log(t[2] / t[1]); own <- sqrt(sum((s / t)^2))
    put("rmst2", method, "arm1 vs arm0", term, c("est", "lower", "upper", "p"),
        c(exp(ratio + c(0, -1, 1) * reach * own), two_sided(ratio / own)), tau)
  }
}

adjusted <- function(method, time, status, arm, covariates, tau) {
  y <- pmin(time, tau); seen <- status == 1 | time >= tau
  x <- cbind(1, arm, as.matrix(covariates))
  weight <- numeric(length(y))
  for (k in 0:1) {
    own <- which(arm == k)
    free <- survfit(Surv(y[own], !seen[own]) ~ 1)
    weight[own] <- seen[own] / free$surv[match(y[own], free$time)]
  }
  for (term in c("RMST difference", "RMST ratio", "RMTL ratio")) {
    response <- if (term == "RMTL ratio") tau - y else y
    beta <- if (term == "RMST difference") lm(response ~ x - 1, weights = weight)$coefficients else
      glm(response ~ x - 1, family = quasipoisson, weights = weight, control = list(epsilon = 1e-14, maxit = 50))$coefficients
    mean <- if (term == "RMST difference") drop(x %*% beta) else exp(drop(x %*% beta))
    slope <- if (term == "RMST difference") rep(1, length(y)) else mean
    score <- x * (weight * (response - mean))
    whole <- score
    for (k in 0:1) {
      own <- which(arm == k)
      at_risk <- outer(y[own], y[own], "<=")          # row i: who is at risk when i ends
      sums <- at_risk %*% score[own, ]; n <- rowSums(at_risk)
      gained <- sums / n * !seen[own]
      lost <- t(at_risk) %*% (sums / n^2 * !seen[own])
      whole[own, ] <- score[own, ] + gained - lost
    }
    bread <- solve(t(x * slope) %*% x)
    se <- sqrt(diag(bread %*% crossprod(whole) %*% bread))
    ends <- cbind(beta, beta - reach * se, beta + reach * se)
    if (term != "RMST difference") ends <- exp(ends)
    put("rmst2", method, "arm1 vs arm0", term, c("est", "lower", "upper", "p"), c(ends[2, ], two_sided(beta[2] / se[2])), tau)
    if (term == "RMST difference") for (k in seq_along(beta))
      put("rmst2", sub("adjusted for .*", "adjusted difference model", method), "all", c("intercept", "arm", names(covariates))[k],
          c("coef", "se.coef.", "z", "p", "lower..95", "upper..95"), c(beta[k], se[k], beta[k] / se[k], two_sided(beta[k] / se[k]), ends[k, 2:3]), tau)
  }
}

in_states <- function(time, cause, group, taus) {
  fit <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, id = seq_along(time), influence = TRUE)
  for (tau in taus) {
    table <- summary(fit, rmean = tau)$table
    for (k in 1:2) put("restricted_time_in_state", "survfit rmean", group, paste("cause", k), c("years_lost", "se"), table[k + 1, c("rmean", "se(rmean)")], tau)
    put("restricted_time_in_state", "survfit rmean", group, "event-free", c("years_lost", "se"), table[1, c("rmean", "se(rmean)")], tau)
  }
}

NODES <- c("N0", "ITC", "micromet", "macromet")
a <- input("synA.csv"); b <- input("synB.csv"); trial <- input("btrial.csv")

dataset <- "synA"
of <- function(level) with(a[a$node == level, ], Surv(time_months, status))
alone(with(a, Surv(time_months, status)), "all", c(60, 120))
for (level in NODES) alone(of(level), paste0("node=", level), c(60, 120))
for (level in NODES[-1]) contrast(paste(level, "vs N0"), of("N0"), of(level), c(60, 120))
for (tau in c(60, 120)) adjusted("chemo 1 vs 0 adjusted for age+size_mm+hosp", a$time_months, a$status, a$chemo, a[c("age", "size_mm", "hosp")], tau)

dataset <- "synB"
alone(with(b, Surv(entry, exit, status)), "all", 1826.25)
for (level in NODES) alone(with(b[b$node == level, ], Surv(entry, exit, status)), paste0("node=", level), 1826.25)

dataset <- "btrial"
arm <- function(level) with(trial[trial$im == level, ], Surv(time, death))
alone(with(trial, Surv(time, death)), "all", c(60, 120))
for (level in 1:2) alone(arm(level), paste0("im=", level), c(60, 120))
contrast("im=2 vs im=1", arm(1), arm(2), c(60, 120))

# synA with causes: of those with the event, every third patient by number has cause 2, the others cause 1.
dataset <- "synA_causes"
cause <- ifelse(a$status == 0, 0, ifelse(a$id %% 3 == 0, 2, 1))
for (level in c("all", NODES)) {
  own <- level == "all" | a$node == level
  in_states(a$time_months[own], cause[own], if (level == "all") "all" else paste0("node=", level), c(36, 60, 120))
}

write.csv(do.call(rbind, rows), file.path(folder, "restricted_mean_reference.csv"), row.names = FALSE, quote = TRUE)
