# Makes textbook_figures.csv: R's numbers for the analyses of this folder, where the printed page gives two or three digits only
# or was not seen.
#
#   Rscript textbook_figures.R OUTPUT.csv
#
# Needs the packages survival, KMsurv and cmprsk (numbers kept here: survival 3.5-3, KMsurv 0.1-5, cmprsk 2.2-11, R 4.2.2).
suppressPackageStartupMessages({library(survival); library(cmprsk)})
km_surv <- function(name) { held <- new.env(); data(list = name, package = "KMsurv", envir = held); get(name, envir = held) }
CONTROL <- coxph.control(eps = 1e-11, toler.chol = 1e-13, iter.max = 50)

rows <- list()
put <- function(analysis, term, statistic, value)
  rows[[length(rows) + 1]] <<- data.frame(analysis, term, statistic, value = format(as.numeric(value), digits = 17))
put_cox <- function(analysis, fit) {
  for (term in names(coef(fit))) {
    put(analysis, term, "coef", coef(fit)[[term]])
    put(analysis, term, "se", sqrt(vcov(fit)[term, term]))
  }
  put(analysis, "", "loglik0", fit$loglik[1])
  put(analysis, "", "loglik", fit$loglik[2])
}
put_zph <- function(analysis, fit, ...) {
  found <- cox.zph(fit, ...)$table
  for (term in rownames(found)) put(analysis, term, "chisq", found[term, "chisq"])
}

# Freireich 1963: remission on 6-mercaptopurine and on placebo.
pairs <- km_surv("drug6mp")
six_mp <- data.frame(time = c(pairs$t1, pairs$t2), event = c(rep(1, 21), pairs$relapse), placebo = rep(1:0, each = 21), pair = rep(pairs$pair, 2))
treated <- survfit(Surv(time, event) ~ 1, six_mp[six_mp$placebo == 0, ])
found <- summary(treated)
for (i in seq_along(found$time)) {
  put("6-MP km", found$time[i], "surv", found$surv[i])
  put("6-MP km", found$time[i], "se", found$std.err[i])
}
for (scale in c("plain", "log", "log-log", "logit", "arcsin")) {
  found <- summary(survfit(Surv(time, event) ~ 1, six_mp[six_mp$placebo == 0, ], conf.type = scale), times = 10)
  put("6-MP limits", scale, "lower", found$lower)
  put("6-MP limits", scale, "upper", found$upper)
}
put("6-MP log-rank", "", "chisq", survdiff(Surv(time, event) ~ placebo, six_mp)$chisq)
put("6-MP log-rank", "rho 1", "chisq", survdiff(Surv(time, event) ~ placebo, six_mp, rho = 1)$chisq)
put("6-MP log-rank", "stratified", "chisq", survdiff(Surv(time, event) ~ placebo + strata(pair), six_mp)$chisq)
for (ties in c("breslow", "efron"))
  put_cox(paste("6-MP cox", ties), coxph(Surv(time, event) ~ placebo, six_mp, ties = ties, control = CONTROL))

# Nahman 1992: infections of catheters placed surgically (type 1) or through the skin (type 2).
kidney <- km_surv("kidney")
put("kidney log-rank", "", "chisq", survdiff(Surv(time, delta) ~ type, kidney)$chisq)
for (ties in c("breslow", "efron"))
  put_cox(paste("kidney cox", ties), coxph(Surv(time, delta) ~ factor(type), kidney, ties = ties, control = CONTROL))

# Kardaun 1983: cancer of the larynx.
larynx <- km_surv("larynx")
test <- survdiff(Surv(time, delta) ~ stage, larynx)
put("larynx log-rank", "", "chisq", test$chisq)
for (i in 1:4) {
  put("larynx log-rank", i, "expected", test$exp[i])
  put("larynx log-rank", i, "variance", test$var[i, i])
}
scores <- 1:4
put("larynx trend", "", "chisq", sum(scores * (test$obs - test$exp))^2 / drop(scores %*% test$var %*% scores))
for (ties in c("breslow", "efron"))
  put_cox(paste("larynx cox", ties), coxph(Surv(time, delta) ~ age + factor(stage), larynx, ties = ties, control = CONTROL))

# Copelan 1991: marrow transplantation; disease-free survival, relapse (d2) and death in remission.
bmt <- km_surv("bmt")
put("bmt log-rank", "", "chisq", survdiff(Surv(t2, d3) ~ group, bmt)$chisq)
put("bmt log-rank", "AML", "chisq", survdiff(Surv(t2, d3) ~ group, bmt[bmt$group > 1, ])$chisq)
found <- summary(survfit(Surv(t2, d3) ~ group, bmt), times = 365.25)
for (i in 1:3) {
  put("bmt km", i, "surv", found$surv[i])
  put("bmt km", i, "se", found$std.err[i])
}
for (scale in c("plain", "log", "log-log", "logit", "arcsin")) {
  found <- quantile(survfit(Surv(t2, d3) ~ 1, bmt[bmt$group == 1, ], conf.type = scale), 0.25)
  put("bmt first quartile", scale, "lower", found$lower)
  put("bmt first quartile", scale, "upper", found$upper)
}
bmt$kind <- ifelse(bmt$d2 == 1, 1, ifelse(bmt$d3 == 1, 2, 0))
incidence <- cuminc(bmt$t2, bmt$kind, bmt$group)
for (cause in 1:2) put("bmt gray", cause, "chisq", incidence$Tests[cause, "stat"])
found <- timepoints(incidence, 365.25)$est
for (name in rownames(found)) put("bmt incidence", name, "estimate", found[name, 1])
fit <- crr(bmt$t2, bmt$kind, cbind(low = bmt$group == 2, high = bmt$group == 3), failcode = 1, gtol = 1e-10)
for (term in c("low", "high")) {
  put("bmt fine-gray", term, "coef", fit$coef[[term]])
  put("bmt fine-gray", term, "se", sqrt(diag(fit$var))[match(term, names(fit$coef))])
}

# Kalbfleisch and Prentice 2002: the Veterans' Administration trial of lung cancer.
veteran$celltype <- factor(veteran$celltype, c("squamous", "smallcell", "adeno", "large"))
everything <- Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior
for (ties in c("breslow", "efron"))
  put_cox(paste("veteran cox", ties), coxph(everything, veteran, ties = ties, control = CONTROL))
put_zph("veteran zph", coxph(everything, veteran, control = CONTROL))
found <- summary(survfit(Surv(time, status) ~ trt, veteran), times = 80)
put("veteran km", 80, "difference", found$surv[1] - found$surv[2])
put("veteran km", 80, "se", sqrt(sum(found$std.err^2)))

# Loprinzi 1994: advanced lung cancer.
found <- quantile(survfit(Surv(time, status) ~ sex, lung), 0.5)
for (i in 1:2) for (name in c("quantile", "lower", "upper")) put("lung median", i, name, found[[name]][i])
put("lung log-rank", "", "chisq", survdiff(Surv(time, status) ~ sex, lung)$chisq)
found <- summary(survfit(Surv(time, status) ~ sex, lung), times = 365.25)
for (i in 1:2) {
  put("lung km", i, "surv", found$surv[i])
  put("lung km", i, "se", found$std.err[i])
}
found <- summary(survfit(Surv(time, status) ~ sex, lung), rmean = 965)$table
for (i in 1:2) {
  put("lung restricted mean", i, "mean", found[i, "rmean"])
  put("lung restricted mean", i, "se", found[i, "se(rmean)"])
}

fit <- coxph(Surv(time, status) ~ age + sex + ph.ecog, lung, control = CONTROL)
put_cox("lung cox", fit)
put("lung cox", "", "concordance", fit$concordance[["concordance"]])
put("lung cox", "", "concordance se", fit$concordance[["std"]])

# Crowley and Hu 1977: heart transplantation at Stanford, waiting time and time with a new heart as two pieces.
for (ties in c("breslow", "efron"))
  put_cox(paste("heart cox", ties), coxph(Surv(start, stop, event) ~ transplant + age + surgery + year, heart, ties = ties, control = CONTROL))
ever <- aggregate(cbind(stop, event, transplant = transplant == 1) ~ id, heart, max)
put_cox("heart ignoring time", coxph(Surv(stop, event) ~ transplant, ever, control = CONTROL))

# Schumacher 1994: trial 2 of the German Breast Cancer Study Group.
put_cox("gbsg cox", coxph(Surv(rfstime, status) ~ age + meno + size + factor(grade) + nodes + pgr + er + hormon, gbsg, control = CONTROL))

# Foekens 2000: the Rotterdam tumour bank.
rotterdam$group <- cut(rotterdam$nodes, c(-1, 0, 3, 9, Inf), labels = c("0", "1-3", "4-9", "10+"))
found <- summary(survfit(Surv(dtime, death) ~ group, rotterdam, conf.type = "log-log"), times = 5 * 365.25)
means <- summary(survfit(Surv(dtime, death) ~ group, rotterdam), rmean = 5 * 365.25)$table
for (i in 1:4) {
  for (name in c("surv", "lower", "upper")) put("rotterdam km", levels(rotterdam$group)[i], name, found[[name]][i])
  put("rotterdam restricted mean", levels(rotterdam$group)[i], "mean", means[i, "rmean"])
}
put("rotterdam log-rank", "", "chisq", survdiff(Surv(dtime, death) ~ group, rotterdam)$chisq)
fit <- coxph(Surv(dtime, death) ~ group, rotterdam, control = CONTROL)
put_cox("rotterdam cox", fit)
put_zph("rotterdam zph", fit)
found <- quantile(survfit(Surv(dtime, 1 - death) ~ 1, rotterdam), 0.5)
for (name in c("quantile", "lower", "upper")) put("rotterdam follow-up", "", name, found[[name]])

write.csv(do.call(rbind, rows), commandArgs(trailingOnly = TRUE)[1], row.names = FALSE)
