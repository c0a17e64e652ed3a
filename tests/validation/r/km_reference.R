# Makes km_reference.csv, log_rank_reference.csv and poisson_reference.csv anew from the files in ../inputs.
#
#   Rscript km_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the package survival (the numbers kept here: survival 3.5-3, R 4.2.2) and nothing else. Each row: dataset, analysis,
# method, group, time, term, statistic, value; an empty time or term says that there is none.
suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
folder <- arguments[2]
input <- function(name) read.csv(file.path(inputs, name), stringsAsFactors = FALSE)
as_written <- function(value) ifelse(is.na(value), "NA", format(value, digits = 17, trim = TRUE))

rows <- list()
put <- function(analysis, method, group, statistic, value, time = "", term = "") {
  if (!length(value)) return(invisible())
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = dataset, analysis = analysis, method = method, group = group, time = as.character(time), term = term,
    statistic = statistic, value = vapply(as.numeric(value), as_written, ""))
}
write_rows <- function(file, analyses) {
  table <- do.call(rbind, rows)
  write.csv(table[table$analysis %in% analyses, ], file.path(folder, file), row.names = FALSE, quote = TRUE)
}

INTERVALS <- c("plain", "log", "log-log", "logit", "arcsin")
PROBS <- c(.25, .5, .75)
TERMS <- c("p25", "p50", "p75")

at_times <- function(surv, group, times, km_method) {
  times <- times[times <= max(surv[, ncol(surv) - 1])]
  for (interval in INTERVALS) {
    fit <- survfit(surv ~ 1, conf.type = interval)
    s <- summary(fit, times = times)
    put("km_ci", interval, group, "lower", s$lower, times)
    put("km_ci", interval, group, "upper", s$upper, times)
    q <- quantile(fit, probs = PROBS)
    for (part in names(q)) put("km_quantile", interval, group, part, q[[part]], term = TERMS)
    if (interval != "plain") next
    put("km", km_method, group, "surv", s$surv, times)
    put("km", km_method, group, "std_err", s$std.err, times)
    put("km", km_method, group, "n_risk", s$n.risk, times)
    put("km", km_method, group, "cum_events", cumsum(s$n.event), times)
    put("km", km_method, group, "cum_censored", cumsum(s$n.censor), times)
    put("km", km_method, group, "cumhaz", s$cumhaz, times)
    put("km", km_method, group, "std_chaz", s$std.chaz, times)
    put("km_counts", "KM", group, c("n", "events", "censored", "max_time", "n_distinct_times"),
        c(nrow(surv), sum(fit$n.event), sum(fit$n.censor), max(fit$time), length(fit$time)))
  }
  for (kind in list(c(2, 1), c(2, 2), c(1, 2))) {
    s <- summary(survfit(surv ~ 1, stype = kind[1], ctype = kind[2]), times = times)
    method <- sprintf("stype=%d ctype=%d", kind[1], kind[2])
    put("km_alt", method, group, "surv", s$surv, times)
    put("km_alt", method, group, "std_err", s$std.err, times)
    put("km_alt", method, group, "cumhaz", s$cumhaz, times)
    put("km_alt", method, group, "std_chaz", s$std.chaz, times)
  }
}

follow_up <- function(time, event, group) {
  q <- quantile(survfit(Surv(time, 1 - event) ~ 1), probs = PROBS)
  for (part in names(q)) put("reverse_km", "median follow-up (log CI)", group, part, q[[part]], term = TERMS)
}

curve_rows <- function(fit, method, group, numbered) {
  term <- if (numbered) paste0("i=", seq_along(fit$time)) else ""
  parts <- list(n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor, surv = fit$surv, std_err_logS = fit$std.err,
                lower = fit$lower, upper = fit$upper)
  for (part in names(parts)) put("km_curve", method, group, part, parts[[part]], format(fit$time, digits = 15, trim = TRUE, drop0trailing = TRUE), term)
}

# ---- log-rank family --------------------------------------------------------------------------------------------------------

log_rank <- function(time, event, g, levels, strata = NULL, strata_name = "") {
  g <- factor(g, levels)
  exponents <- if (is.null(strata)) c(0, .5, 1) else c(0, 1)
  for (rho in exponents) {
    fit <- if (is.null(strata)) survdiff(Surv(time, event) ~ g, rho = rho) else survdiff(Surv(time, event) ~ g + strata(strata), rho = rho)
    observed <- rowSums(as.matrix(fit$obs)); expected <- rowSums(as.matrix(fit$exp))
    method <- if (is.null(strata)) paste0("rho=", rho) else paste0("stratified by ", strata_name, " rho=", rho)
    df <- length(levels) - 1
    put("logrank", method, "all", c("chisq", "df", "p"), c(fit$chisq, df, pchisq(fit$chisq, df, lower.tail = FALSE)))
    if (is.null(strata)) n <- as.vector(fit$n) else n <- as.vector(table(g))
    for (k in seq_along(levels))
      put("logrank", method, paste0(".g=", levels[k]), c("n", "observed", "expected"), c(n[k], observed[k], expected[k]))
    if (is.null(strata) && rho != .5)
      for (i in seq_along(levels)) for (j in i:length(levels))
        put("logrank", method, paste0(i, ",", j), "covariance", fit$var[i, j], term = "var")
    if (rho == .5 || (!is.null(strata) && rho == 1)) next
    w <- if (length(levels) == 2) c(1, 2) else seq_along(levels) - 1
    u <- sum(w * (observed - expected)); v <- drop(t(w) %*% fit$var %*% w)
    trend <- if (is.null(strata)) paste0("Tarone rho=", rho) else paste("Tarone stratified by", strata_name)
    put("logrank_trend", trend, "all", c("U", "V", "z", "chisq", "p"), c(u, v, u / sqrt(v), u^2 / v, pchisq(u^2 / v, 1, lower.tail = FALSE)),
        term = paste(w, collapse = ","))
  }
}

pairs <- function(time, event, g, levels) {
  for (rho in c(0, 1)) {
    names <- character(0); chisq <- numeric(0)
    for (i in seq_along(levels)) for (j in seq_along(levels)) if (i < j) {
      keep <- g %in% levels[c(i, j)]
      chisq <- c(chisq, survdiff(Surv(time, event) ~ g, subset = keep, rho = rho)$chisq)
      names <- c(names, paste(levels[i], "vs", levels[j]))
    }
    p <- pchisq(chisq, 1, lower.tail = FALSE)
    method <- paste0("rho=", rho)
    put("pairwise_logrank", method, names, "chisq", chisq)
    put("pairwise_logrank", method, names, "p", p)
    for (adjust in c("holm", "bonferroni", "BH", "hochberg"))
      put("pairwise_logrank", method, names, paste0("p_", adjust, ".", adjust), p.adjust(p, adjust))
    if (rho == 0) put("pairwise_logrank", "survminer holm", in_alphabet(names), "p_holm", p.adjust(p, "holm"))
  }
}
in_alphabet <- function(names) vapply(strsplit(names, " vs "), function(pair) paste(pair[order(tolower(pair))], collapse = " vs "), "")

# The weighted tests from their formulas (Klein and Moeschberger 2003, equations 7.3.3 to 7.3.5 and table 7.3).
weighted <- function(time, event, g, levels) {
  t <- sort(unique(time[event == 1]))
  at_risk <- sapply(levels, function(level) sapply(t, function(at) sum(time >= at & g == level)))
  failed <- sapply(levels, function(level) sapply(t, function(at) sum(time == at & event == 1 & g == level)))
  n <- rowSums(at_risk); d <- rowSums(failed)
  before <- c(1, cumprod(1 - d / n))[seq_along(n)]
  peto <- cumprod(1 - d / (n + 1))
  weights <- list("1" = rep(1, length(n)), "n" = n, "sqrtN" = sqrt(n), "S1" = peto, "S2" = peto * n / (n + 1), "FH_p=1_q=1" = before * (1 - before))
  for (name in names(weights)) {
    w <- weights[[name]]
    difference <- colSums(w * (failed - d * at_risk / n))
    v <- matrix(0, length(levels), length(levels))
    for (i in seq_along(t)) {
      share <- at_risk[i, ] / n[i]
      v <- v + w[i]^2 * d[i] * (n[i] - d[i]) / max(n[i] - 1, 1) * (diag(share) - share %o% share)
    }
    df <- length(levels) - 1
    chisq <- drop(difference[-1] %*% solve(v[-1, -1, drop = FALSE], difference[-1]))
    method <- paste("survMisc", name)
    put("weighted_logrank", method, "all", c("chiSq", "df", "pChisq"), c(chisq, df, pchisq(chisq, df, lower.tail = FALSE)))
    if (df == 1) put("weighted_logrank", method, "all", c("Q", "Var", "Z"), c(difference[2], v[2, 2], difference[2] / sqrt(v[2, 2])))
  }
}

# ---- the data sets ----------------------------------------------------------------------------------------------------------

NODES <- c("N0", "ITC", "micromet", "macromet")

dataset <- "synA"
a <- input("synA.csv")
for (group in c("all", paste0("node=", NODES))) {
  own <- if (group == "all") a else a[a$node == sub("node=", "", group), ]
  at_times(Surv(own$time_months, own$status), group, c(12, 36, 60, 120), "KM months (tied)")
  follow_up(own$time_months, own$status, group)
}
log_rank(a$time_months, a$status, a$node, NODES)
log_rank(a$time_months, a$status, a$node, NODES, a$hosp, "hosp")
pairs(a$time_months, a$status, a$node, NODES)
weighted(a$time_months, a$status, a$node, NODES)

dataset <- "synB"
b <- input("synB.csv")
for (group in c("all", paste0("node=", NODES))) {
  own <- if (group == "all") b else b[b$node == sub("node=", "", group), ]
  at_times(Surv(own$entry, own$exit, own$status), group, 365.25 * c(1, 3, 5, 10), "KM days, delayed entry")
}
for (ties in c("breslow", "exact")) {
  fit <- coxph(Surv(entry, exit, status) ~ factor(node, NODES), data = b, ties = ties)
  put("logrank_delayed_entry", paste0("coxph score (", ties, ")"), "all", c("score", "df", "p"),
      c(fit$score, 3, pchisq(fit$score, 3, lower.tail = FALSE)), term = "node")
}

dataset <- "btrial"
trial <- input("btrial.csv")
for (group in c("all", "im=1", "im=2")) {
  own <- if (group == "all") trial else trial[trial$im == sub("im=", "", group), ]
  at_times(Surv(own$time, own$death), group, c(12, 36, 60, 120, 150), "KM months")
  follow_up(own$time, own$death, group)
  if (group != "all") curve_rows(survfit(Surv(time, death) ~ 1, data = own), "KM (log CI)", group, numbered = FALSE)
}
log_rank(trial$time, trial$death, trial$im, 1:2)
weighted(trial$time, trial$death, trial$im, 1:2)

edges <- input("edge_cases.csv")
for (case in unique(edges$case)) {
  dataset <- paste0("edge:", case)
  for (group in unique(edges$group[edges$case == case])) for (merged in c(TRUE, FALSE)) {
    if (!merged && case != "timefix_fuzz") next
    own <- edges[edges$case == case & edges$group == group, ]
    surv <- if (any(own$entry > 0)) Surv(own$entry, own$time, own$status) else Surv(own$time, own$status)
    fit <- survfit(surv ~ 1, timefix = merged)
    label <- paste0("group=", group)
    curve_rows(fit, if (merged) "KM (log CI) timefix=TRUE" else "KM timefix=FALSE", label, numbered = TRUE)
    q <- quantile(fit, probs = .5)
    for (part in names(q)) put("km_quantile", paste0("log timefix=", merged), label, part, q[[part]], term = "p50")
  }
}

dataset <- "none"
for (events in c(0, 1, 5, 20, 100)) {
  put("poisson_ci", "qchisq", "all", c("lower", "upper"), c(qchisq(.025, 2 * events), qchisq(.975, 2 * events + 2)) / 2 / 10,
      term = paste0("x=", events, " pt=10"))
}

write_rows("km_reference.csv", c("km", "km_ci", "km_quantile", "km_alt", "km_curve", "km_counts", "reverse_km"))
write_rows("log_rank_reference.csv", c("logrank", "logrank_trend", "weighted_logrank", "pairwise_logrank", "logrank_delayed_entry"))
write_rows("poisson_reference.csv", "poisson_ci")
