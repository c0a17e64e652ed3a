# Makes expected_deaths_reference.csv anew from btrial.csv in ../inputs: the one-sample log-rank test against 0.005 deaths a month.
#
#   Rscript expected_deaths_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the package survival (the numbers kept here: survival 3.5-3, R 4.2.2) and nothing else. Each row: dataset, analysis,
# method, group, time, term, statistic, value; an empty time or term says that there is none.
suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
patients <- read.csv(file.path(arguments[1], "btrial.csv"))
monthly <- 0.005

rows <- list()
put <- function(method, group, values) {
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = "btrial", analysis = "one_sample_logrank", method = method, group = paste0("im=", group), time = "", term = "",
    statistic = names(values), value = format(unname(values), digits = 17, trim = TRUE))
}

for (group in sort(unique(patients$im))) {
  own <- patients[patients$im == group, ]
  d <- sum(own$death)
  e <- sum(monthly * own$time)
  z <- (d - e) / sqrt(e)
  byar <- function(count, side) count * (1 - 1 / (9 * count) + side * 1.96 / (3 * sqrt(count)))^3
  put("constant hazard .005/mo", group, c(
    observed = d, expected = e, chisq = z^2, z = z, p = pchisq(z^2, 1, lower.tail = FALSE), SMR = d / e,
    SMR_lower_exact = qchisq(.025, 2 * d) / 2 / e, SMR_upper_exact = qchisq(.975, 2 * d + 2) / 2 / e,
    SMR_lower_byar = byar(d, -1) / e, SMR_upper_byar = byar(d + 1, 1) / e, z_sym_Wu = (d - e) / sqrt((d + e) / 2)))
  fit <- survdiff(Surv(time, death) ~ offset(exp(-monthly * time)), data = own)
  put("survdiff offset", group, c(chisq = fit$chisq, observed = fit$obs, expected = fit$exp))
}
write.csv(do.call(rbind, rows), file.path(arguments[2], "expected_deaths_reference.csv"), row.names = FALSE, quote = TRUE)
