# Makes standardised_difference_reference.csv: standardised differences between women with and without chemotherapy in ../inputs/synA.csv.
# Run in this folder: Rscript standardised_difference.R      (made with R 4.2.2, base R only)
options(digits = 17)
synA <- read.csv("../inputs/synA.csv")
treated <- synA$chemo == 1

rows <- list()
add <- function(analysis, method, term, statistic, value) {
  rows[[length(rows) + 1]] <<- data.frame(dataset = "synA", analysis, method, group = "all", time = "", term, statistic, value = sprintf("%.17g", value))
}

# Difference of means over the root of the average of the two variances, which are never weighted.
of_means <- function(x, w) (weighted.mean(x[treated], w[treated]) - weighted.mean(x[!treated], w[!treated])) / sqrt((var(x[treated]) + var(x[!treated])) / 2)
for (term in c("age", "grade", "size_mm", "er")) {
  add("smd_means", "unweighted", term, "SMD", of_means(synA[[term]], rep(1, nrow(synA))))
  add("smd_means", "weighted by wt", term, "SMD", of_means(synA[[term]], synA$wt))
}

# Yang and Dalton: the Mahalanobis distance of the shares of all levels but one.
of_shares <- function(x) {
  p <- prop.table(table(x[treated]))[-1]; q <- prop.table(table(x[!treated]))[-1]
  covariance <- function(share) diag(share, length(share)) - tcrossprod(share)
  gap <- as.numeric(p - q)
  sqrt(as.numeric(gap %*% solve((covariance(as.numeric(p)) + covariance(as.numeric(q))) / 2) %*% gap))
}
for (term in c("node", "grade", "er", "hosp")) add("smd_shares", "Yang and Dalton", term, "SMD", of_shares(factor(synA[[term]])))

write.csv(do.call(rbind, rows), "standardised_difference_reference.csv", row.names = FALSE)
