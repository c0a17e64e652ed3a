# Makes km_weighted_reference.csv anew from the files in ../inputs.
#
#   Rscript km_weighted_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the package survival (the numbers kept here: survival 3.5-3, R 4.2.2) and nothing else. Each row: dataset, analysis,
# method, group, time, term, statistic, value; an empty time or term says that there is none.
#
# With a robust variance and stype = 2, survfit 3.5-3 gives limits on a mistaken scale (the standard error of the cumulative hazard
# is taken for that of survival, or the other way round): there only the standard error of the cumulative hazard is kept.
suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
folder <- arguments[2]
input <- function(name) read.csv(file.path(inputs, name), stringsAsFactors = FALSE)
as_written <- function(value) ifelse(is.na(value), "NA", format(value, digits = 17, trim = TRUE))

rows <- list()
put <- function(analysis, method, group, statistic, value, time = "", term = "") {
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = dataset, analysis = analysis, method = method, group = group, time = as.character(time), term = term,
    statistic = statistic, value = vapply(as.numeric(value), as_written, ""))
}

# ---- weights and clusters ----------------------------------------------------------------------------------------------------

# `own`: the rows of one group, with surv, w, id (or the cluster). survfit takes patients as clusters where none is named.
weighted_fit <- function(own, robust, clustered, ...) {
  if (!robust) return(survfit(surv ~ 1, data = own, weights = w, robust = FALSE, ...))
  if (clustered) return(survfit(surv ~ 1, data = own, weights = w, robust = TRUE, id = id, cluster = cluster, ...))
  survfit(surv ~ 1, data = own, weights = w, robust = TRUE, id = id, ...)
}

weighted_rows <- function(own, method, group, times, robust, clustered = FALSE) {
  times <- times[times <= max(own$surv[, ncol(own$surv) - 1])]
  fit <- weighted_fit(own, robust, clustered)
  s <- summary(fit, times = times)
  parts <- list(surv = s$surv, std_err = s$std.err, n_risk = s$n.risk, lower = s$lower, upper = s$upper,
                cum_events = cumsum(s$n.event), cum_censored = cumsum(s$n.censor))
  if (ncol(own$surv) == 3) parts$n_risk <- NULL  # survfit's summary counts later entries as at risk already
  for (part in names(parts)) put("km_weighted", method, group, part, parts[[part]], times)
  q <- quantile(fit, probs = c(.25, .5, .75))
  for (part in names(q)) put("km_weighted_quantile", method, group, part, q[[part]], term = c("p25", "p50", "p75"))
  for (kind in 1:2) {
    fit <- weighted_fit(own, robust, clustered, stype = 2, ctype = kind)
    last <- findInterval(times, fit$time)
    put("km_weighted_hazard", paste0(method, " ctype=", kind), group, "surv", c(1, fit$surv)[last + 1], times)
    put("km_weighted_hazard", paste0(method, " ctype=", kind), group, "std_chaz", c(0, fit$std.chaz)[last + 1], times)
  }
  later <- own[own$surv[, ncol(own$surv) - 1] > times[1], ]
  s <- summary(weighted_fit(later, robust, clustered), times = times[-1])
  parts <- list(surv = s$surv, std_err = s$std.err, lower = s$lower, upper = s$upper)
  if (ncol(own$surv) == 2) for (part in names(parts)) put("km_weighted_conditional", method, group, part, parts[[part]], times[-1])
}

NODES <- c("N0", "ITC", "micromet", "macromet")

dataset <- "synA"
a <- input("synA.csv")
a$surv <- Surv(a$time_months, a$status)
for (node in NODES) {
  own <- transform(a[a$node == node, ], w = wt, cluster = hosp)
  weighted_rows(own, "robust=FALSE", paste0("node=", node), c(12, 36, 60, 120), FALSE)
  weighted_rows(own, "robust=TRUE,id=id", paste0("node=", node), c(12, 36, 60, 120), TRUE)
  weighted_rows(own, "robust=TRUE,cluster=hosp", paste0("node=", node), c(12, 36, 60, 120), TRUE, TRUE)
}

dataset <- "synB"
b <- input("synB.csv")
b$surv <- Surv(b$entry, b$exit, b$status)
b$ward <- b$id %% 23
b$repeats <- 1 + b$id %% 3
b$part <- (1 + b$age_entry %% 7) / 4
for (node in c("all", "N0", "macromet")) for (weights in c("repeats", "part")) {
  own <- if (node == "all") b else b[b$node == node, ]
  own <- transform(own, w = own[[weights]], cluster = ward)
  group <- if (node == "all") "all" else paste0("node=", node)
  weighted_rows(own, paste0("weights=", weights, " robust=FALSE"), group, 365.25 * c(1, 3, 5, 10), FALSE)
  weighted_rows(own, paste0("weights=", weights, " robust=TRUE,id=id"), group, 365.25 * c(1, 3, 5, 10), TRUE)
  weighted_rows(own, paste0("weights=", weights, " robust=TRUE,cluster=ward"), group, 365.25 * c(1, 3, 5, 10), TRUE, TRUE)
}

dataset <- "btrial"
trial <- input("btrial.csv")
trial$surv <- Surv(trial$time, trial$death)
trial$id <- seq_len(nrow(trial))
trial$ward <- trial$id %% 6
trial$repeats <- trial$time %% 3  # some 0: nobody's rows
trial$part <- (1 + trial$time %% 5) / 4
for (im in c("all", 1, 2)) for (weights in c("repeats", "part")) {
  own <- if (im == "all") trial else trial[trial$im == im, ]
  own <- transform(own, w = own[[weights]], cluster = ward)
  group <- if (im == "all") "all" else paste0("im=", im)
  weighted_rows(own, paste0("weights=", weights, " robust=FALSE"), group, c(12, 60, 120), FALSE)
  weighted_rows(own, paste0("weights=", weights, " robust=TRUE,id=id"), group, c(12, 60, 120), TRUE)
  weighted_rows(own, paste0("weights=", weights, " robust=TRUE,cluster=ward"), group, c(12, 60, 120), TRUE, TRUE)
}

# ---- equal survival at a fixed time (Klein, Logan, Harhoff and Andersen 2007, section 2) -------------------------------------------

SCALES <- list(
  naive = list(function(s) s, function(s) s), log = list(log, function(s) 1), cloglog = list(function(s) log(-log(s)), function(s) 1 / log(s)),
  arcsin = list(function(s) asin(sqrt(s)), function(s) sqrt(s / (1 - s)) / 2), logit = list(function(s) log(s / (1 - s)), function(s) 1 / (1 - s)))

fixed_time <- function(time, event, g, levels, group, at) {
  fits <- lapply(levels, function(level) summary(survfit(Surv(time, event) ~ 1, subset = g == level), times = at))
  s <- sapply(fits, function(fit) fit$surv)
  variance <- (sapply(fits, function(fit) fit$std.err) / s)^2
  for (scale in names(SCALES)) {
    value <- SCALES[[scale]][[1]](s)
    spread <- variance * SCALES[[scale]][[2]](s)^2
    mean <- sum(value / spread) / sum(1 / spread)
    chisq <- sum((value - mean)^2 / spread)
    put("fixed_time_test", scale, group, c("chisq", "p"), c(chisq, pchisq(chisq, length(levels) - 1, lower.tail = FALSE)), at)
  }
}

dataset <- "btrial"
for (at in c(60, 120)) fixed_time(trial$time, trial$death, trial$im, 1:2, "im 1 vs 2", at)
dataset <- "synA"
for (at in c(60, 120)) {
  fixed_time(a$time_months, a$status, a$node, c("N0", "micromet"), "N0 vs micromet", at)
  fixed_time(a$time_months, a$status, a$node, NODES, "N0 vs ITC vs micromet vs macromet", at)
}

# ---- pseudo-values: every patient left out once -----------------------------------------------------------------------------------

survival_at <- function(time, event, at) {
  fit <- survfit(Surv(time, event) ~ 1)
  c(1, fit$surv)[findInterval(at, fit$time) + 1]
}
jackknife <- function(time, event, group, at) {
  n <- length(time)
  whole <- survival_at(time, event, at)
  for (i in seq_len(n))
    put("pseudo_values", "every patient left out once", group, paste0("pseudo.t.", at), n * whole - (n - 1) * survival_at(time[-i], event[-i], at), at,
        paste("row", i))
}
dataset <- "btrial"
for (im in c("all", 1, 2)) {
  own <- if (im == "all") trial else trial[trial$im == im, ]
  jackknife(own$time, own$death, if (im == "all") "all" else paste0("im=", im), c(60, 120))
}

# ---- a landmark at two years -------------------------------------------------------------------------------------------------------

dataset <- "synA"
left <- a[a$time_months > 24, ]
fit <- coxph(Surv(time_months - 24, status) ~ factor(node, NODES) + age, data = left)
put("landmark", "24 months, ~ node + age", "all", "coef", coef(fit), term = c(NODES[-1], "age"))
put("landmark", "24 months, ~ node + age", "all", "se", sqrt(diag(vcov(fit))), term = c(NODES[-1], "age"))
put("landmark", "24 months, ~ node + age", "all", c("n", "nevent"), c(fit$n, fit$nevent))
dataset <- "synB"
left <- b[b$exit > 730.5 & b$entry <= 730.5, ]
fit <- survfit(Surv(exit - 730.5, status) ~ 1, data = left)
s <- summary(fit, times = 365.25 * c(1, 3))
put("landmark", "730.5 days", "all", "surv", s$surv, 365.25 * c(1, 3))
put("landmark", "730.5 days", "all", "std_err", s$std.err, 365.25 * c(1, 3))
put("landmark", "730.5 days", "all", "n_risk", s$n.risk, 365.25 * c(1, 3))

write.csv(do.call(rbind, rows), file.path(folder, "km_weighted_reference.csv"), row.names = FALSE, quote = TRUE)
