# Makes public_cohorts.csv: R's observed survival of two public cohorts at 1, 3, 5 and 10 years, read from the files themselves.
#
#   Rscript public_cohorts.R brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt brca_metabric_data_clinical_patient.txt OUTPUT.csv
#
# TCGA: all patients, grouped by the code of pathologic N alone. METABRIC: all with overall survival, grouped by the number of positive nodes;
# overall survival, and death of the disease with the one death of unknown cause left out. Numbers kept here: survival 3.5-3, R 4.2.2.
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
read_staging <- function(path) read.delim(path, comment.char = "", skip = 4, quote = "", colClasses = "character", na.strings = "")
rows <- list()
put <- function(cohort, endpoint, group, years, months, event, kind = "log") {
  fit <- survfit(Surv(months, event) ~ 1, conf.type = kind)
  found <- summary(fit, times = years * 12, extend = TRUE)
  rows[[length(rows) + 1]] <<- data.frame(
    cohort, endpoint, group, years, n = length(event), events = sum(event), at_risk = found$n.risk, estimate = found$surv, lower = found$lower, upper = found$upper)
}
tcga <- read_staging(arguments[1])
tcga$months <- as.numeric(tcga$OS_MONTHS)
tcga$dead <- as.integer(substr(tcga$OS_STATUS, 1, 1))
groups <- list(negative = c("N0", "N0 (I-)", "N0 (MOL+)"), itc = "N0 (I+)", micro = "N1MI")
for (group in names(groups)) {
  those <- tcga[tcga$PATH_N_STAGE %in% groups[[group]], ]
  put("tcga", "overall", group, c(1, 3, 5, 10), those$months, those$dead)
}
metabric <- read_staging(arguments[2])
metabric <- metabric[!is.na(metabric$OS_MONTHS), ]
metabric$months <- as.numeric(metabric$OS_MONTHS)
metabric$dead <- as.integer(substr(metabric$OS_STATUS, 1, 1))
metabric$nodes <- as.numeric(metabric$LYMPH_NODES_EXAMINED_POSITIVE)
metabric$group <- cut(metabric$nodes, c(-1, 0, 3, 9, Inf), labels = c("0", "1-3", "4-9", "10+"))
for (group in levels(metabric$group)) {
  those <- metabric[which(metabric$group == group), ]
  put("metabric", "overall", group, c(1, 3, 5, 10), those$months, those$dead)
  known <- those[!(those$dead == 1 & is.na(those$VITAL_STATUS)), ]
  put("metabric", "breast-cancer", group, c(1, 3, 5, 10), known$months, as.integer(known$VITAL_STATUS == "Died of Disease"))
}
written <- do.call(rbind, rows)
for (name in c("estimate", "lower", "upper")) written[[name]] <- format(written[[name]], digits = 15)
write.csv(written, arguments[3], row.names = FALSE, quote = FALSE)
