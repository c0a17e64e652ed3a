# Gray's test by cmprsk on data sets that a test has generated.
#
#   Rscript gray_generated.R ROWS STATISTICS
#
# ROWS has the columns set, time, cause (0 censored, 1, 2), group, stratum, rho; STATISTICS gets set, cause, stat, df: stat is -1 where
# cmprsk has none, and NA where it fails, on a fraction of a power of a negative number (the common incidence may pass 1).
suppressPackageStartupMessages(library(cmprsk))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
statistics <- lapply(split(rows, rows$set), function(own) {
  tests <- tryCatch(cuminc(own$time, own$cause, own$group, own$stratum, rho = own$rho[1], cencode = 0)$Tests, error = function(failure) {
    matrix(NA_real_, 2, 2, dimnames = list(1:2, c("stat", "df")))
  })
  data.frame(set = own$set[1], cause = rownames(tests), stat = format(tests[, "stat"], digits = 17), df = tests[, "df"])
})
write.csv(do.call(rbind, statistics), arguments[2], row.names = FALSE)
