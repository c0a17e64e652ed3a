# Makes cox_after_fit_reference.csv: R's numbers for what follows a Cox fit: residuals, predicted survival with limits, linear
# predictors, baseline hazards, concordance, splines, hazard ratios by period and covariates that change with time.
# Rscript cox_after_fit_reference.R INPUTS OUT   the folder of the inputs, and the folder to write to
# (Made with R 4.2.2, survival 3.5-3.)
library(survival)
options(digits = 17, warn = 1)

folders <- commandArgs(TRUE)
read <- function(name) read.csv(file.path(folders[1], name))
nodes <- function(frame) within(frame, node <- factor(node, c("N0", "ITC", "micromet", "macromet")))
btrial <- read("btrial.csv"); synA <- nodes(read("synA.csv")); synB <- nodes(read("synB.csv"))
val_test1 <- read("val_test1.csv"); val_test2 <- read("val_test2.csv"); val_test3 <- read("val_test3.csv")

rows <- list()
add <- function(dataset, analysis, method, time, term, statistic, value, group = "all") {
  text <- ifelse(is.na(value), "NA", sprintf("%.17g", value))
  rows[[length(rows) + 1]] <<- data.frame(dataset, analysis, method, group, time, term, statistic, value = text)
}
right <- function(formula) gsub(" ", "", paste(deparse(formula[[3]], 500), collapse = ""))
whole <- function(formula) paste(deparse(formula, 500), collapse = "")

# Residuals: every kind; of several columns each is a group. Of synB, whose rows are many, the first ten.
kinds <- c("martingale", "deviance", "score", "schoenfeld", "dfbeta", "dfbetas", "scaledsch")
models <- list(val_test1 = Surv(time, status) ~ x, val_test2 = Surv(start, stop, event) ~ x, val_test3 = Surv(time, status) ~ x,
               btrial = Surv(time, death) ~ im, synB = Surv(entry, exit, status) ~ node + age)
for (dataset in names(models)) for (ties in c("efron", "breslow")) {
  frame <- get(dataset); frame$one <- if (dataset == "val_test3") frame$wt else 1
  fit <- coxph(models[[dataset]], frame, ties = ties, weights = one, x = TRUE, model = TRUE)
  for (kind in kinds) {
    values <- as.matrix(residuals(fit, kind)); kept <- seq_len(min(nrow(values), if (dataset == "synB") 10 else 100))
    for (k in seq_len(ncol(values)))
      add(dataset, "cox_residuals", paste(whole(models[[dataset]]), if (dataset == "val_test3") "| weights", ties, kind), "",
          paste0("i=", kept), kind, values[kept, k], if (ncol(values) == 1) "all" else names(coef(fit))[k])
  }
}

# Predicted survival, linear predictor and baseline hazard; plain, stratified, and weighted with robust variance.
cases <- list(
  list("btrial", Surv(time, death) ~ im, data.frame(im = c(1, 2)), c(12, 36, 60)),
  list("synA", Surv(time_months, status) ~ node + age, data.frame(node = c("N0", "micromet", "macromet"), age = c(60, 60, 75)), c(12, 36, 60, 120)),
  list("synA", Surv(time_months, status) ~ node + er + strata(grade), data.frame(node = c("ITC", "macromet"), er = c(0, 1), grade = c(2, 3)), c(12, 60)),
  list("synB", Surv(entry, exit, status) ~ node + age, data.frame(node = c("N0", "macromet"), age = c(60, 75)), 365.25 * c(1, 3, 5)))
for (case in cases) for (ties in c("efron", "breslow")) for (weighted in c(FALSE, TRUE)) {
  dataset <- case[[1]]; profiles <- case[[3]]; stratified <- "grade" %in% names(profiles)
  if (weighted && (dataset != "synA" || stratified)) next
  frame <- get(dataset); frame$one <- if (weighted) frame$wt else 1
  fit <- coxph(case[[2]], frame, ties = ties, weights = one, robust = weighted, x = TRUE, model = TRUE)
  method <- paste(right(case[[2]]), if (weighted) "| weights+robust", ties)
  for (k in seq_len(nrow(profiles))) {
    newdata <- profiles[k, , drop = FALSE]
    profile <- paste0("newdata ", k, ": ", paste(names(profiles), sapply(newdata, as.character), sep = "=", collapse = ";"))
    for (stype in 1:2) {
      curve <- summary(survfit(fit, newdata, stype = stype), times = case[[4]])
      for (statistic in c("surv", "std.err", "lower", "upper"))
        add(dataset, "cox_predicted_survival", paste0(method, " stype=", stype), case[[4]], "", sub("[.]", "_", statistic), curve[[statistic]], profile)
    }
    for (reference in c("sample", "zero")) {
      predictor <- predict(fit, newdata, type = "lp", reference = reference, se.fit = TRUE)
      add(dataset, "cox_lp", paste0(method, " reference=", reference), "", "", c("lp", "se"), c(predictor$fit, predictor$se.fit), profile)
    }
  }
  for (centered in c(TRUE, FALSE)) {
    if (stratified) next
    baseline <- basehaz(fit, centered = centered)
    add(dataset, "cox_basehaz", paste0(method, " centered=", centered), case[[4]], "", "cumhaz",
        c(0, baseline$hazard)[findInterval(case[[4]], baseline$time) + 1])
  }
}

# Concordance by weightings, with a horizon; strata, weights, clusters, delayed entry (where R's weights of time end in a crash).
counts <- c("concordant", "discordant", "tied.x", "tied.y", "tied.xy")
add_concordance <- function(dataset, method, found) {
  sums <- if (is.matrix(found$count)) colSums(found$count) else found$count
  add(dataset, "concordance", method, "", "", c("C", "se", counts), c(found$concordance, sqrt(found$var), sums[counts]))
}
models <- list(btrial = Surv(time, death) ~ im, synA = Surv(time_months, status) ~ node + age, synA = Surv(time_months, status) ~ node + er + strata(hosp),
               synB = Surv(entry, exit, status) ~ node + age)
for (k in seq_along(models)) for (weighted in c(FALSE, TRUE)) for (timewt in c("n", "S", "n/G2")) {
  dataset <- names(models)[k]; frame <- get(dataset)
  if ((weighted && dataset != "synA") || (timewt != "n" && dataset == "synB")) next
  frame$one <- if (weighted) frame$wt else 1
  fit <- coxph(models[[k]], frame, weights = one)
  method <- paste0(right(models[[k]]), if (weighted) " | weights", " efron timewt=", timewt)
  add_concordance(dataset, method, concordance(fit, timewt = timewt))
  if (weighted) add_concordance(dataset, sub("weights", "weights+cluster hosp", method), concordance(fit, timewt = timewt, cluster = frame$hosp))
  # Beyond ten strata R lays them end to end in time, where a horizon means something else; keepstrata leaves them apart.
  if (timewt == "n" && dataset == "synA" && !weighted)
    add_concordance(dataset, sub("timewt=n", "ymax=60", method), concordance(fit, ymax = 60, keepstrata = TRUE))
}

# The error of Harrell's concordance as a fit itself has it.
fits <- list(
  "val_test2" = coxph(Surv(start, stop, event) ~ x, val_test2), "val_test3 | weights" = coxph(Surv(time, status) ~ x, val_test3, weights = wt),
  "synA | weights+cluster hosp" = coxph(Surv(time_months, status) ~ node + age + er, synA, weights = wt, cluster = hosp),
  "synA" = coxph(Surv(time_months, status) ~ node + age + er + strata(hosp), synA))
for (name in names(fits)) {
  dataset <- sub(" .*", "", name); found <- fits[[name]]$concordance
  add(dataset, "coxph", paste0("~", right(formula(fits[[name]])), " | efron", sub("^\\w+", "", name)), "", "(global)", c("concordance", "concordance_se"),
      found[c("concordance", "std")])
}

# Restricted cubic splines by their definition, knots at quantiles or given; hazard ratios against a value; test of a straight line.
basis <- function(x, knots) {
  k <- length(knots); cube <- function(u) ifelse(u > 0, u^3, 0)
  bent <- sapply(seq_len(k - 2), function(j) {
    (cube(x - knots[j]) - cube(x - knots[k - 1]) * (knots[k] - knots[j]) / (knots[k] - knots[k - 1]) +
       cube(x - knots[k]) * (knots[k - 1] - knots[j]) / (knots[k] - knots[k - 1])) / (knots[k] - knots[1])^2
  })
  cbind(x, matrix(bent, ncol = k - 2))
}
quantiles <- list("3" = c(.1, .5, .9), "4" = c(.05, .35, .65, .95), "5" = c(.05, .275, .5, .725, .95), "6" = c(.05, .23, .41, .59, .77, .95),
                  "7" = c(.025, 11 / 60, 41 / 120, .5, 79 / 120, 49 / 60, .975))
splines <- c(lapply(quantiles, function(p) quantile(synA$age, p)), list("[35, 50.5, 65, 80]" = c(35, 50.5, 65, 80)))
straight <- coxph(Surv(time_months, status) ~ age + node, synA)
for (knots in names(splines)) {
  curve <- basis(synA$age, splines[[knots]]); fit <- coxph(Surv(time_months, status) ~ curve + node, synA)
  term <- paste0("rcs(age, ", knots, ")"); p <- ncol(curve)
  for (age in c(20, 40, 60, 90)) add("synA", "rcs_basis", term, "", paste0("b", seq_len(p)), "value", basis(age, splines[[knots]])[1, ], paste0("age=", age))
  add("synA", "coxph", paste0("Surv(time_months,status)~", term, "+node | efron"), "", c(paste0(term, "[", seq_len(p), "]"), names(coef(straight))[-1]),
      "coef", coef(fit))
  add("synA", "coxph", paste0("Surv(time_months,status)~", term, "+node | efron"), "", c(paste0(term, "[", seq_len(p), "]"), names(coef(straight))[-1]),
      "se", sqrt(diag(vcov(fit))))
  for (age in c(35, 75)) {
    apart <- (basis(age, splines[[knots]]) - basis(55, splines[[knots]]))[1, ]; V <- vcov(fit)[1:p, 1:p]
    logarithm <- sum(apart * coef(fit)[1:p]); se <- sqrt(drop(apart %*% V %*% apart)); z <- qnorm(.975)
    add("synA", "rcs_hr", paste(term, "HR vs age 55"), "", "", c("logHR", "se", "HR", "lower", "upper"),
        c(logarithm, se, exp(logarithm), exp(logarithm - z * se), exp(logarithm + z * se)), paste0("age=", age))
  }
  ratio <- 2 * (fit$loglik[2] - straight$loglik[2])
  add("synA", "rcs_nonlinearity", paste("LR test linear vs", term), "", "", c("chisq", "df", "p"), c(ratio, p - 1, pchisq(ratio, p - 1, lower.tail = FALSE)))
}

# Hazard ratios by period, and a covariate that changes with time.
pieces <- survSplit(Surv(time_months, status) ~ ., synA, cut = c(24, 60), episode = "per")
pieces$node <- factor(pieces$node, levels(synA$node))  # R leaves out the last level: the contrasts are with it
fit <- coxph(Surv(tstart, time_months, status) ~ node:strata(per) + age, pieces)
kept <- !is.na(coef(fit))
add("synA", "cox_time_split", "cut at 24,60 months: node:strata(period)+age", "", names(coef(fit))[kept], "coef", coef(fit)[kept])
add("synA", "cox_time_split", "cut at 24,60 months: node:strata(period)+age", "", names(coef(fit))[kept], "se", sqrt(diag(vcov(fit))[kept]))
for (ties in c("efron", "breslow")) {
  fit <- coxph(Surv(time, death) ~ im + tt(im), btrial, ties = ties, tt = function(x, t, ...) x * log(t))
  method <- paste("im+tt(im)=im*log(t months) |", ties)
  add("btrial", "coxph", method, "", names(coef(fit)), "coef", coef(fit)); add("btrial", "coxph", method, "", names(coef(fit)), "se", sqrt(diag(vcov(fit))))
  add("btrial", "coxph", method, "", "(global)", c("loglik0", "loglik", "concordance", "concordance_se"),
      c(fit$loglik, fit$concordance["concordance"], fit$concordance["std"]))
}

write.csv(do.call(rbind, rows), file.path(folders[2], "cox_after_fit_reference.csv"), row.names = FALSE, quote = c(3, 4, 6), eol = "\n")
