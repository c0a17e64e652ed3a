# Makes incidence_reference.csv anew from synA.csv and synB.csv in ../inputs, with a cause made of their columns.
#
#   Rscript incidence_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the packages survival and cmprsk (the numbers kept here: survival 3.5-3, cmprsk 2.2-11, R 4.2.2) and nothing else. Each row:
# dataset, analysis, method, group, time, term, statistic, value; an empty time or term says that there is none.
suppressPackageStartupMessages({library(survival); library(cmprsk)})

arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
folder <- arguments[2]
NODES <- c("N0", "ITC", "micromet", "macromet")
STATES <- c("none", "cause 1", "cause 2")
TIMES <- c(12, 36, 60, 120)
DAYS <- c(365.25, 1095.75, 1826.25)
INTERVALS <- c("plain", "log", "log-log", "logit")  # R loses the shape of arcsin limits of several states
as_written <- function(value) ifelse(is.na(value), "NA", format(value, digits = 17, trim = TRUE))

rows <- list()
put <- function(analysis, method, group, term, statistic, value, time = "") {
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = dataset, analysis = analysis, method = method, group = group, time = as.character(time), term = term,
    statistic = statistic, value = vapply(as.numeric(value), as_written, ""))
}
with_cause <- function(name) {
  frame <- read.csv(file.path(inputs, name), stringsAsFactors = FALSE)
  frame$cause <- ifelse(frame$status == 1, 1 + (frame$id %% 3 == 0), 0)  # every third patient's event is of cause 2
  frame$node <- factor(frame$node, NODES)
  frame
}
states_of <- function(cause) factor(cause, 0:2, STATES)

# ---- incidences -------------------------------------------------------------------------------------------------------------

incidences <- function(own, group) {
  times <- TIMES[TIMES <= max(own$time_months)]
  surv <- Surv(own$time_months, states_of(own$cause))
  for (interval in INTERVALS) {
    fit <- survfit(surv ~ 1, conf.type = interval, influence = interval == "plain")
    s <- summary(fit, times = times)
    for (k in 1:2) {
      put("cif_ci", paste0("survfit multi-state conf.type=", interval), group, STATES[k + 1], "lower", s$lower[, k + 1], times)
      put("cif_ci", paste0("survfit multi-state conf.type=", interval), group, STATES[k + 1], "upper", s$upper[, k + 1], times)
      if (interval != "plain") next
      put("cif", "survfit multi-state AJ (IJ se)", group, STATES[k + 1], "cif", s$pstate[, k + 1], times)
      put("cif", "survfit multi-state AJ (IJ se)", group, STATES[k + 1], "std_err", s$std.err[, k + 1], times)
      alone <- summary(survfit(Surv(time_months, cause == k) ~ 1, data = own), times = times)
      put("naive_1_minus_KM", paste0(STATES[k + 1], ", competing censored"), group, STATES[k + 1], "est", 1 - alone$surv, times)
      put("naive_1_minus_KM", paste0(STATES[k + 1], ", competing censored"), group, STATES[k + 1], "std_err", alone$std.err, times)
    }
    if (interval != "plain") next
    # The area under the influence of each patient; summary's own standard error takes the times one place too early.
    values <- fit$influence.pstate[, -1, 2:3, drop = FALSE]
    for (horizon in c(60, 100.5)) {
      width <- pmax(0, diff(c(pmin(fit$time, horizon), horizon)))
      put("restricted_time_in_state", "survfit rmean", group, STATES[2:3], "rmean", summary(fit, rmean = horizon)$table[2:3, "rmean"], horizon)
      areas <- apply(values, 3, function(of_cause) of_cause %*% width)
      put("restricted_time_in_state", "survfit influence.pstate", group, STATES[2:3], "se", sqrt(colSums(areas^2)), horizon)
    }
  }
}

# ---- Gray's test --------------------------------------------------------------------------------------------------------------

gray <- function(own, method, group, ...) {
  for (rho in 0:1) {
    tests <- cuminc(own$time_months, own$cause, droplevels(own$node), rho = rho, cencode = 0, ...)$Tests
    for (k in 1:2) put("gray_test", sprintf("cmprsk::cuminc rho=%d%s", rho, method), group, STATES[k + 1], c("stat", "p", "df"), tests[as.character(k), ])
  }
}

dataset <- "synA_cr"
synA <- with_cause("synA.csv")
incidences(synA, "all")
for (level in NODES) incidences(synA[synA$node == level, ], paste0("node=", level))
gray(synA, "", "all")
gray(synA, " strata=grade", "all", strata = synA$grade)
gray(synA, " strata=hosp", "all", strata = synA$hosp)
for (pair in combn(NODES, 2, simplify = FALSE)) gray(synA[synA$node %in% pair, ], " pairwise", paste(pair, collapse = " vs "))

# Delayed entry: the incidences alone, as the infinitesimal jackknife is another variance then.
dataset <- "synB_cr"
synB <- with_cause("synB.csv")
late <- summary(survfit(Surv(entry, exit, states_of(cause)) ~ 1, data = synB, id = id), times = DAYS)
for (k in 1:2) put("cif", "survfit multi-state AJ, delayed entry", "all", STATES[k + 1], "cif", late$pstate[, k + 1], DAYS)

write.csv(do.call(rbind, rows), file.path(folder, "incidence_reference.csv"), row.names = FALSE, quote = TRUE)
