# Makes fine_gray_reference.csv: Fine-Gray models, cause-specific Cox models and the absolute risks that follow from the latter.
#
#   Rscript fine_gray_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the packages survival and cmprsk (the numbers kept here: survival 3.5-3, cmprsk 2.2-11, R 4.2.2). synA has one cause of
# death; here every death of a patient whose id is a multiple of 3 is made cause 2, and every other death cause 1. Each row:
# dataset, analysis, method, group, time, term, statistic, value; an empty time or term says that there is none.
suppressPackageStartupMessages({library(survival); library(cmprsk)})

folders <- commandArgs(trailingOnly = TRUE)
synA <- read.csv(file.path(folders[1], "synA.csv"))
synA <- within(synA, {
  node <- factor(node, c("N0", "ITC", "micromet", "macromet"))
  cause <- ifelse(status == 0, 0, ifelse(id %% 3 == 0, 2, 1))
})
# All of it; only those who died, so that nobody is censored; and the first 300, with few deaths in some nodal classes.
sets <- list(synA_cr = synA, synA_cr_deaths = subset(synA, status == 1), synA_cr_first300 = subset(synA, id <= 300))
profiles <- data.frame(node = factor(c("N0", "micromet"), levels(synA$node)), age = 60)
named <- c("newdata 1: node=N0;age=60", "newdata 2: node=micromet;age=60")
months <- c(12, 36, 60, 120)

rows <- list()
put <- function(analysis, method, statistic, value, term = "", time = "", group = "all") {
  text <- ifelse(is.na(value), "NA", sprintf("%.17g", value))
  rows[[length(rows) + 1]] <<- data.frame(dataset, analysis, method, group, time = as.character(time), term, statistic, value = text)
}
of <- function(cause, term) paste0("cause ", cause, ": ", term)

put_crr <- function(frame, cause, method, ...) {
  x <- model.matrix(~ node + age, frame)[, -1]
  fit <- crr(frame$time_months, frame$cause, x, failcode = cause, cencode = 0, gtol = 1e-12, maxiter = 50, ...)
  se <- sqrt(diag(fit$var)); z <- fit$coef / se; term <- of(cause, colnames(x))
  put("fine_gray", method, "coef", fit$coef, term)
  put("fine_gray", method, "SHR", exp(fit$coef), term)
  put("fine_gray", method, "se", se, term)
  put("fine_gray", method, "naive_se", sqrt(diag(fit$invinf)), term)
  put("fine_gray", method, "z", z, term)
  put("fine_gray", method, "p", 2 * pnorm(-abs(z)), term)
  put("fine_gray", method, "SHR_lower", exp(fit$coef - qnorm(.975) * se), term)
  put("fine_gray", method, "SHR_upper", exp(fit$coef + qnorm(.975) * se), term)
  put("fine_gray", method, c("loglik0", "loglik"), c(fit$loglik.null, fit$loglik), of(cause, "(global)"))
  pairs <- which(upper.tri(fit$var), arr.ind = TRUE)
  put("fine_gray_vcov", method, "cov", fit$var[pairs], of(cause, paste(colnames(x)[pairs[, 1]], "x", colnames(x)[pairs[, 2]])))
  curves <- predict(fit, model.matrix(~ node + age, profiles)[, -1])
  for (time in months[months <= max(frame$time_months)]) {
    passed <- sum(curves[, 1] <= time)
    put("fine_gray_predict", sub("^crr", "predict.crr", method), "cif", if (passed) curves[passed, -1] else c(0, 0), paste("cause", cause), time, named)
  }
}

put_coxph <- function(analysis, method, fit, cause) {
  table <- summary(fit)$coefficients; limits <- summary(fit)$conf.int; term <- of(cause, names(coef(fit)))
  put(analysis, method, "coef", coef(fit), term)
  if (analysis == "fine_gray") return(invisible())
  put(analysis, method, "se", table[, "se(coef)"], term)
  put(analysis, method, "z", table[, "z"], term)
  put(analysis, method, "p", table[, "Pr(>|z|)"], term)
  put(analysis, method, "HR_lower", limits[, "lower .95"], term)
  put(analysis, method, "HR_upper", limits[, "upper .95"], term)
  put(analysis, method, c("loglik0", "loglik", "nevent"), c(fit$loglik, fit$nevent), of(cause, "(global)"))
}

# Absolute risk by hand from two Cox models: survival from both causes just before each time, times the hazard of each.
put_risks <- function(fits, method, product_limit) {
  hazards <- lapply(fits, basehaz, centered = FALSE)
  time <- hazards[[1]]$time
  for (j in seq_len(nrow(profiles))) {
    relative <- sapply(fits, function(fit) exp(predict(fit, profiles[j, ], type = "lp", reference = "zero")))
    steps <- sapply(1:2, function(k) diff(c(0, hazards[[k]]$hazard)) * relative[k])
    total <- rowSums(steps)
    survival <- if (product_limit) cumprod(1 - total) else exp(-cumsum(total))
    risk <- apply(c(1, survival[-length(survival)]) * steps, 2, cumsum)
    for (at in months[months <= max(time)])
      put("csc_absolute_risk", paste0(method, " product.limit=", product_limit), "cif", risk[sum(time <= at), ], paste("cause", 1:2), at, paste("newdata", j))
  }
}

for (dataset in names(sets)) {
  frame <- sets[[dataset]]
  for (cause in 1:2) {
    put_crr(frame, cause, "crr ~node+age")
    weighted <- finegray(Surv(time_months, factor(cause, 0:2)) ~ node + age + id, frame, etype = as.character(cause))
    put_coxph("fine_gray", "finegray+coxph breslow ~node+age",
              coxph(Surv(fgstart, fgstop, fgstatus) ~ node + age, weighted, weights = fgwt, ties = "breslow"), cause)
  }
  for (ties in c("efron", "breslow")) {
    fits <- lapply(1:2, function(k) coxph(Surv(time_months, cause == k) ~ node + age, frame, ties = ties))
    for (k in 1:2) put_coxph("cause_specific_cox", paste(ties, "~node+age"), fits[[k]], k)
    for (product_limit in c(FALSE, TRUE)) put_risks(fits, paste("coxph", ties, "~node+age"), product_limit)
  }
}
dataset <- "synA_cr_first300"
put_crr(sets[[dataset]], 1, "crr cengroup=chemo ~node+age", cengroup = sets[[dataset]]$chemo)

write.csv(do.call(rbind, rows), file.path(folders[2], "fine_gray_reference.csv"), row.names = FALSE, quote = TRUE)
