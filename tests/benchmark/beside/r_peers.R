# One contestant of R in a process of its own: Rscript r_peers.R WORK NAME FOLDER WARM_FOLDER; commands on stdin, one line of JSON each on stdout, as contestant.py.
suppressMessages({library(survival); library(data.table)})
given <- commandArgs(TRUE)
months <- 12 * (1:10)
nodal <- c("N0", "ITC", "micromet", "macromet")
traits <- c("nodal", "t_stage", "grade", "er", "chemo", "rt")

say <- function(...) { cat("@@{", paste(..., sep = ", "), "}\n", sep = ""); flush(stdout()) }
as_json <- function(numbers) {
  lists <- vapply(numbers, function(values) paste0("[", paste(ifelse(is.finite(values), sprintf("%.17g", values), "null"), collapse = ", "), "]"), "")
  paste0('"', names(numbers), '": ', lists, collapse = ", ")
}
memory <- function(kind) {
  found <- if (file.exists("/proc/self/status")) grep(kind, readLines("/proc/self/status"), value = TRUE) else character()
  if (length(found)) as.numeric(gsub("[^0-9]", "", found)) * 1.024 / 1000 else NA
}
forget_peak <- function() !inherits(try(suppressWarnings(writeLines("5", "/proc/self/clear_refs")), silent = TRUE), "try-error")

rows <- function(folder, columns) {
  patients <- as.data.frame(fread(file.path(folder, "rows.csv"), select = columns))
  for (name in intersect(traits, columns)) patients[[name]] <- factor(patients[[name]], levels = if (name == "nodal") nodal else sort(unique(patients[[name]])))
  patients
}
followed <- function(folder) rows(folder, c("nodal", "months", "event", "cause"))
in_months <- function(folder) { patients <- rows(folder, c("age", traits, "months", "event")); patients$time <- patients$months; patients$decades <- (patients$age - 61) / 10; patients }
in_days <- function(folder) { patients <- rows(folder, c("age_exact", traits, "days", "event")); patients$time <- patients$days; patients$decades <- (patients$age_exact - 61) / 10; patients }
# Tighter still, and rounding in a log-likelihood of millions looks like a fall: coxph then halves its last step, and ends 2e-6 beside the maximum.
accurate <- coxph.control(eps = 1e-12, toler.chol = 1e-15, iter.max = 50)

cox <- function(patients, control = coxph.control()) coxph(Surv(time, event) ~ decades + nodal + t_stage + grade + er + chemo + rt, data = patients, ties = "efron", control = control)
bare <- function(patients) list(
  x = model.matrix(~ decades + nodal + t_stage + grade + er + chemo + rt, patients)[, -1], y = Surv(patients$time, patients$event))
bare_fit <- function(loaded, control = coxph.control()) coxph.fit(
  loaded$x, loaded$y, strata = NULL, offset = NULL, init = NULL, control = control, weights = NULL, method = "efron", rownames = NULL, resid = FALSE)
cox_numbers <- function(fit) list(coefficient = unname(fit$coefficients), coefficient_error = unname(sqrt(diag(fit$var))))
cox_part <- function(load) list(load = load, run = cox, numbers = cox_numbers, tighten = function(patients) cox(patients, accurate))
bare_part <- function(load) list(
  load = function(folder) bare(load(folder)), run = bare_fit, numbers = cox_numbers, tighten = function(loaded) bare_fit(loaded, accurate))

curve_numbers <- function(fit) {
  at <- summary(fit, times = months, extend = TRUE)
  list(survival = at$surv, interval = c(at$lower, at$upper), survival_error = at$std.err)
}
states_numbers <- function(fit) {
  at <- summary(fit, times = months, extend = TRUE)
  by_cause <- function(values) unlist(lapply(split(seq_len(nrow(values)), rep(seq_along(nodal), each = length(months))), function(place) c(values[place, 2], values[place, 3])))
  list(incidence = unname(by_cause(at$pstate)), incidence_error = unname(by_cause(at$std.err)))
}
cuminc_numbers <- function(found) {
  at <- cmprsk::timepoints(found, months)
  order <- unlist(lapply(nodal, function(word) paste(word, 1:2)))
  list(incidence = c(t(at$est[order, ])), incidence_error = sqrt(c(t(at$var[order, ]))))
}
net_rows <- function(folder) {
  suppressMessages(library(relsurv))
  patients <- rows(folder, c("age_exact", "sex", "diagnosis_date", "days", "event"))
  patients$age_days <- round(patients$age_exact * 365.25)
  patients$sex <- tolower(patients$sex)
  patients$diagnosis <- as.Date(patients$diagnosis_date)
  patients$days <- as.numeric(patients$days)
  patients
}
net_times <- c(1, 5, 10) * 365.25
net_fit <- function(patients) rs.surv(
  Surv(days, event) ~ 1, data = patients, ratetable = survival::survexp.us, method = "pohar-perme", add.times = net_times,
  rmap = list(age = age_days, sex = sex, year = diagnosis))
net_numbers <- function(found) {
  place <- findInterval(net_times, found$time)
  list(net = found$surv[place], net_error = found$surv[place] * found$std.err[place])
}
zph_numbers <- function(found) list(statistic = unname(found$table[, "chisq"]))

parts <- list(
  "read|fread" = list(
    load = function(folder) file.path(folder, "rows.csv"), run = function(path) fread(path, select = c("age", traits, "months", "event", "cause")),
    numbers = function(found) list(rows = nrow(found))),
  "kaplan-meier|survfit" = list(
    load = followed, run = function(patients) survfit(Surv(months, event) ~ nodal, data = patients, conf.type = "log-log"), numbers = curve_numbers),
  "log-rank|survdiff" = list(
    load = followed, run = function(patients) survdiff(Surv(months, event) ~ nodal, data = patients), numbers = function(found) list(statistic = found$chisq)),
  "cumulative-incidence|survfit, several states" = list(
    load = function(folder) { patients <- followed(folder); patients$cause <- factor(patients$cause, 0:2, c("censored", "cancer", "other")); patients },
    run = function(patients) survfit(Surv(months, cause) ~ nodal, data = patients), numbers = states_numbers),
  "cumulative-incidence|cuminc" = list(
    load = followed, run = function(patients) cmprsk::cuminc(patients$months, patients$cause, patients$nodal), numbers = cuminc_numbers),
  "cox-months|coxph" = cox_part(in_months), "cox-days|coxph" = cox_part(in_days), "scan-cox|coxph" = cox_part(in_months),
  "cox-months|coxph.fit" = bare_part(in_months), "cox-days|coxph.fit" = bare_part(in_days),
  "proportional-hazards|cox.zph" = list(
    load = function(folder) { patients <- in_months(folder); list(patients = patients, fit = cox(patients)) },
    run = function(loaded) { patients <- loaded$patients; cox.zph(loaded$fit, transform = "km") }, numbers = zph_numbers,
    tighten = function(loaded) { patients <- loaded$patients; cox.zph(cox(patients, accurate), transform = "km") }),
  "pohar-perme|relsurv" = list(load = net_rows, run = net_fit, numbers = net_numbers))

part <- parts[[paste(given[1], given[2], sep = "|")]]
small <- part$load(given[4])
invisible(suppressWarnings(part$run(small)))
loaded <- part$load(given[3])
say('"ready": true')
commands <- file("stdin", "r")
while (length(command <- readLines(commands, 1)) && command != "quit") {
  if (command == "run") {
    result <- NULL
    invisible(gc())
    anew <- forget_peak()
    before <- memory("VmRSS")
    start <- Sys.time()
    busy <- sum(proc.time()[1:2])
    result <- suppressWarnings(part$run(loaded))
    seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
    busy <- sum(proc.time()[1:2]) - busy
    peak <- memory("VmHWM")
    said <- c(seconds = seconds, processor = busy, mb = peak, more_mb = if (anew) peak - before else NA)
    say(paste0('"', names(said), '": ', ifelse(is.finite(said), sprintf("%.9g", said), "null"), collapse = ", "))
  } else if (command == "answer") {
    say(as_json(part$numbers(result)))
  } else if (command == "tighten") {
    if (is.null(part$tighten)) say() else say(as_json(part$numbers(part$tighten(loaded))))
  }
}
