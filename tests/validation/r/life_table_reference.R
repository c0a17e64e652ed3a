# Makes life_table_reference.csv anew from the files in ../inputs, and writes survexp.us as R users export it.
#
#   Rscript life_table_reference.R INPUTS OUTPUT_FOLDER
#
# Needs the package survival (the numbers kept here: survival 3.5-3, R 4.2.2) and nothing else. Each row: dataset, analysis,
# method, group, time, term, statistic, value. Newer releases of the package hold later years: the table ends with 2014 here.
suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
inputs <- arguments[1]
folder <- arguments[2]
us <- survexp.us[, , as.character(1940:2014)]
patients <- read.csv(file.path(inputs, "life_table_patients.csv"), stringsAsFactors = FALSE)
patients$date <- as.Date(patients$date)
made <- read.csv(file.path(inputs, "life_table_made.csv"), stringsAsFactors = FALSE)

# A ratetable of the rates in life_table_made.csv; type 3: the year is the date's, type 4: it advances on birthdays.
ratetable <- function(type, days_per_year) {
  ages <- sort(unique(made$age)); years <- sort(unique(made$year)); sexes <- c("female", "male")
  table <- array(0, c(length(ages), 2, length(years)))
  for (row in seq_len(nrow(made)))
    table[match(made$age[row], ages), match(made$sex[row], sexes), match(made$year[row], years)] <- made$rate[row] / days_per_year
  attributes(table) <- list(
    dim = dim(table), dimnames = list(age = as.character(ages), sex = sexes, year = as.character(years)), type = c(2, 1, type),
    cutpoints = list(ages * days_per_year, NULL, as.Date(paste0(years, "-01-01"))), class = "ratetable")
  table
}

rows <- list()
put <- function(method, table) {
  hazard <- survexp(time ~ 1, patients, rmap = list(age = age_days, sex = sex, year = date), ratetable = table, method = "individual.h")
  rows[[length(rows) + 1]] <<- data.frame(
    dataset = "life_table_patients", analysis = "individual_expected_hazard", method = method, group = paste0("id=", patients$id),
    time = sprintf("%.15g", patients$time), term = "", statistic = "H",
    value = sprintf("%.17g", as.numeric(hazard)))
}
put("survexp.us to 2014", us)
for (days in c(365.25, 365.241)) {
  put(paste("made, calendar,", days), ratetable(3, days))
  put(paste("made, birthday,", days), ratetable(4, days))
}
write.csv(do.call(rbind, rows), file.path(folder, "life_table_reference.csv"), row.names = FALSE, quote = TRUE)

exported <- as.data.frame(as.table(us))
write.csv(exported, file.path(folder, "survexp_us_numbered.csv"))
write.table(exported, file.path(folder, "survexp_us_blanks.txt"))
write.table(exported, file.path(folder, "survexp_us_tabs.txt"), sep = "\t", quote = FALSE, row.names = FALSE)
write.csv2(exported, file.path(folder, "survexp_us_decimal_commas.csv"), row.names = FALSE)
names(exported)[1:3] <- c("Var1", "Var2", "Var3")
write.csv(exported, file.path(folder, "survexp_us_unnamed.csv"), row.names = FALSE)
