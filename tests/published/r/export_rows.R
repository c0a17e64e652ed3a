# Writes the rows of published data sets, from the R packages that hold them, for one run of the tests; none is kept in this repository.
#
#   Rscript export_rows.R FOLDER
#
# KMsurv: the data of Klein and Moeschberger. survival: lung, veteran, gbsg, rotterdam, heart. A package that is not installed is passed over.
folder <- commandArgs(trailingOnly = TRUE)[1]
write <- function(name, rows) write.csv(rows, file.path(folder, paste0(name, ".csv")), row.names = FALSE)

for (name in c("lung", "veteran", "gbsg", "rotterdam", "heart")) write(name, getExportedValue("survival", name))
if (requireNamespace("KMsurv", quietly = TRUE)) for (name in c("drug6mp", "larynx", "kidney", "bmt")) {
  held <- new.env()
  data(list = name, package = "KMsurv", envir = held)
  write(name, get(name, envir = held))
}
