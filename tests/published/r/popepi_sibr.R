# Writes popEpi's simulated Finnish breast cancer cohort, its life table and its estimates, for one run of the tests; none is kept in this repository.
#
#   Rscript popepi_sibr.R FOLDER
#
# Intervals reach a year beyond the last time that is read: an event at the very end of the last interval is lost by popEpi 0.4.10.
suppressMessages(library(popEpi))
folder <- commandArgs(trailingOnly = TRUE)[1]
rows <- sibr[sibr$dg_date < sibr$ex_date, ]
x <- Epi::Lexis(
  entry = list(FUT = 0, AGE = dg_age, CAL = get.yrs(dg_date)), exit = list(CAL = get.yrs(ex_date)), data = rows,
  exit.status = factor(status, levels = 0:2, labels = c("alive", "canD", "othD")), merge = TRUE)
x$ages <- cut(x$dg_age, c(0, 45, 55, 65, 75, Inf), right = FALSE)
table <- data.frame(popmort)
names(table) <- c("sex", "CAL", "AGE", "haz")
icss1 <- c(0.07, 0.12, 0.23, 0.29, 0.29)
found <- NULL
keep <- function(set, method, form, st) {
  st <- as.data.frame(st)
  names(st) <- sub("\\.as", "", names(st))
  value <- paste0("r.", method)
  st <- st[round(st$Tstop, 9) %in% c(1, 3, 5), ]
  found <<- rbind(found, data.frame(set, method, form, time = st$Tstop, observed = st$surv.obs, estimate = st[[value]], std_error = st[[paste0("SE.", value)]]))
}
estimates <- function(months, method, form) {
  survtab(Surv(FUT, event = lex.Xst) ~ 1, data = x, breaks = list(FUT = seq(0, 6, months / 12)), pophaz = table, relsurv.method = method, surv.method = form)
}
standardised <- function(months, method, form) {
  survtab(
    Surv(FUT, event = lex.Xst) ~ adjust(ages), data = x, breaks = list(FUT = seq(0, 6, months / 12)), pophaz = table, relsurv.method = method,
    surv.method = form, weights = icss1)
}
for (method in c("e2", "pp")) for (form in c("hazard", "lifetable")) {
  for (months in c(1, 12)) keep(paste(months, "plain"), method, form, estimates(months, method, form))
  keep("12 icss", method, form, standardised(12, method, form))
}
keep("1 icss", "e2", "hazard", standardised(1, "e2", "hazard"))
keep("12 period", "e2", "hazard", survtab(
  Surv(FUT, event = lex.Xst) ~ 1, data = x, breaks = list(FUT = 0:6, CAL = c(2008, 2013)), pophaz = table, relsurv.method = "e2"))
exact <- function(values) sprintf("%.17g", values)
write.csv(found, file.path(folder, "survtab.csv"), row.names = FALSE)
write.csv(data.frame(
  follow_up = exact(x$lex.dur), age = exact(x$AGE), calendar = exact(x$CAL), event = as.integer(x$lex.Xst != "alive"), sex = x$sex,
  birth_date = x$bi_date, diagnosis_date = x$dg_date), file.path(folder, "rows.csv"), row.names = FALSE, quote = FALSE)
write.csv(setNames(table, c("sex", "year", "age", "rate")), file.path(folder, "popmort.csv"), row.names = FALSE)
