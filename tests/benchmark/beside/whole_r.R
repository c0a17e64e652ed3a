# The whole process with data.table, survival and cmprsk: Rscript whole_r.R FILE.csv prints the numbers as one line of JSON.
suppressMessages({library(survival); library(cmprsk); library(data.table)})
path <- commandArgs(TRUE)[1]
nodal <- c("N0", "ITC", "micromet", "macromet")
months <- 12 * (1:10)
rows <- as.data.frame(fread(path, select = c("age", "nodal", "t_stage", "grade", "er", "chemo", "rt", "months", "event", "cause")))
rows$nodal <- factor(rows$nodal, levels = nodal)
curves <- summary(survfit(Surv(months, event) ~ nodal, data = rows, conf.type = "log-log"), times = months, extend = TRUE)
test <- survdiff(Surv(months, event) ~ nodal, data = rows)
incidence <- timepoints(cuminc(rows$months, rows$cause, rows$nodal), months)$est[unlist(lapply(nodal, function(word) paste(word, 1:2))), ]
fit <- coxph(Surv(months, event) ~ I((age - 61) / 10) + nodal + t_stage + grade + er + chemo + rt, data = rows)
found <- list(
  survival = curves$surv, interval = c(curves$lower, curves$upper), statistic = test$chisq, incidence = c(t(incidence)), coefficient = unname(coef(fit)),
  coefficient_error = unname(sqrt(diag(vcov(fit)))))
lists <- vapply(found, function(values) paste0("[", paste(ifelse(is.finite(values), sprintf("%.17g", values), "null"), collapse = ", "), "]"), "")
cat("{", paste0('"', names(found), '": ', lists, collapse = ", "), "}\n", sep = "")
