# Times popEpi's Pohar Perme of a made registry in one process, by the month: Rscript net_survival_popepi.R FILE.csv YEARS...
# The file: age_days, sex (male, female), diagnosis_date, days, event. Prints seconds of the call, by the clock and of the processor, then net survival
# and its standard error at each of the years, one line each.
suppressMessages(library(popEpi))
given <- commandArgs(TRUE)
rows <- read.csv(given[1])
years <- as.numeric(given[-1])
table <- as.data.frame(as.table(unclass(survival::survexp.us)[, , ]), stringsAsFactors = FALSE)
names(table) <- c("AGE", "sex", "CAL", "haz")
table <- transform(table, AGE = as.integer(AGE), CAL = as.integer(CAL), haz = haz * 365.25)
diagnosis <- get.yrs(as.Date(rows$diagnosis_date))
patients <- Epi::Lexis(
  entry = list(FUT = 0, AGE = rows$age_days / 365.25, CAL = diagnosis), duration = rows$days / 365.25, data = rows,
  exit.status = factor(rows$event, levels = 0:1, labels = c("alive", "dead")), merge = TRUE)
spent <- system.time(found <- survtab(
  Surv(FUT, event = lex.Xst) ~ 1, data = patients, breaks = list(FUT = seq(0, max(years) + 1 / 12, 1 / 12)), pophaz = table, relsurv.method = "pp"))
at <- as.data.frame(found)[match(round(years * 12), round(found$Tstop * 12)), ]
options(digits = 12)
cat(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], "\n")
cat(at$r.pp, "\n")
cat(at$SE.r.pp, "\n")
