# Times relsurv's Pohar Perme of a made registry in one process: Rscript net_survival.R FILE.csv YEARS...
# The file: age_days, sex (male, female), diagnosis_date, days, event. Prints seconds of the call, by the clock and of the processor, then net survival and its standard error at
# each of the years (of 365.25 days), one line each.
suppressMessages(library(relsurv))
given <- commandArgs(TRUE)
patients <- read.csv(given[1])
patients$diagnosis <- as.Date(patients$diagnosis_date)
times <- as.numeric(given[-1]) * 365.25
table <- survival::survexp.us
spent <- system.time(found <- rs.surv(
  Surv(days, event) ~ 1, data = patients, ratetable = table, method = "pohar-perme", add.times = times,
  rmap = list(age = age_days, sex = sex, year = diagnosis)))
options(digits = 12)
cat(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], "\n")
place <- findInterval(times, found$time)
cat(found$surv[place], "\n")
cat(found$surv[place] * found$std.err[place], "\n")
