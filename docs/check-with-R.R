# Recomputes a hundred random numbers of a results folder with the R package PHEindicatormethods.
#
#   Rscript check-with-R.R RESULTS [OPTION=VALUE ...]
#
#   RESULTS            the run to check: results/latest
#   study=STUDY.yaml   the study file; the one that the run's manifest names by default
#   rows=100           how many rows are drawn, from each measure and statistic in turn
#   seed=N             of the draw; a new one each time by default, and printed
#   tolerance=1e-9     largest relative difference that passes, where the numbers are not rounded
#   hestia=PROGRAM     the program; `hestia` on the path by default
#   store=DIR          passed on to it
#   weighted=NAME,...  comparators whose members have weights: of them the values of dsr, isr and smr are checked,
#                      and no limits, which are of another variance than the package knows
#
# What is checked, with which function:
#   count              the value is the count                         (of the row alone)
#   crude_rate         phe_rate of count and population               (of the row alone)
#   readmission        phe_proportion of both                         (of the row alone)
#   dsr                calculate_dsr; phe_dsr before version 2.1      (of the bands)
#   isr, smr           calculate_ISRate, calculate_ISRatio; phe_isr, phe_smr before 1.4   (of the bands)
#   mean_los           phe_mean                                       (of the lengths of stay)
# Bands and lengths come from `hestia explain --bands`, which counts them again from the store; they are
# true counts, are kept in R's private temporary folder, and are removed. So these need the program and the store,
# and can be checked of the latest run only. Quantiles, growth, concentration, bed days, std_mean_los and
# acs_score have no function in the package and are not drawn; neither are rows of a split, but of the row alone.
# Limits are checked where the package has the method: Byar and exact for crude and indirect rates, Dobson with
# Byar for dsr, Wilson, Student's t. Of others (repeat-adjusted, fay-feuer and so on) the value is.
#
# The numbers are those of internal/results.csv where it is there (publish: {internal: true}), or of a study
# without disclosure control. Where only a release with rounded numbers is there, the script says so: crude rates
# and readmissions are made from the rounded counts there, and recomputed from them; rates of bands and means are
# made from true counts; differences up to half a unit of the last released digit pass; withheld numbers are
# not drawn.
#
# Ends with 0 when all agree, 1 when a number differs, 2 when nothing could be checked.
#
# hestia's own tests run this script with a stand-in that has the functions' names, arguments and columns and
# follows the published formulas, since they install nothing from outside the distribution. They show that
# rows, bands and options go the right way. The package itself stands behind the numbers in tests/golden; the script
# was run by hand with version 2.1.0's own functions: no number of the worked study or of a wider one differed.

# ---- what is asked ----

fail <- function(...) {
  message("check-with-R: ", ...)
  quit(save = "no", status = 2)
}

parse_arguments <- function(arguments) {
  options <- list(study = "", rows = "100", seed = "", tolerance = "1e-9", hestia = "hestia", store = "", weighted = "")
  is_option <- grepl("^[a-z]+=", arguments)
  if (sum(!is_option) != 1) {
    fail("usage: Rscript check-with-R.R RESULTS [study=STUDY.yaml] [rows=100] [seed=N] [tolerance=1e-9] ",
         "[hestia=PROGRAM] [store=DIR] [weighted=NAME,...]")
  }
  for (argument in arguments[is_option]) {
    name <- sub("=.*", "", argument)
    if (!name %in% names(options)) {
      fail("no option `", name, "`; there are ", paste(names(options), collapse = ", "))
    }
    options[[name]] <- sub("^[a-z]+=", "", argument)
  }
  if (options$seed == "") {
    options$seed <- as.integer(Sys.time()) %% 1000000L + 1L
  }
  for (name in c("rows", "tolerance", "seed")) {
    number <- suppressWarnings(as.numeric(options[[name]]))
    if (is.na(number) || number <= 0) {
      fail("`", name, "` takes a number above 0")
    }
    options[[name]] <- number
  }
  options$run <- arguments[!is_option]
  options
}

# The package by its version; its functions have changed their names.
find_package <- function() {
  if (!requireNamespace("PHEindicatormethods", quietly = TRUE)) {
    fail("the package PHEindicatormethods is not installed; in R: install.packages(\"PHEindicatormethods\"),\n",
         "  or, without internet, R CMD INSTALL of its source file and of those of the packages it depends on")
  }
  has <- function(name) name %in% getNamespaceExports("PHEindicatormethods")
  get <- function(...) {
    for (name in c(...)) {
      if (has(name)) {
        return(getExportedValue("PHEindicatormethods", name))
      }
    }
    NULL
  }
  list(version = as.character(utils::packageVersion("PHEindicatormethods")),
       rate = get("phe_rate"), proportion = get("phe_proportion"), mean = get("phe_mean"),
       dsr = get("calculate_dsr"), old_dsr = get("phe_dsr"),
       isr = get("calculate_ISRate", "phe_isr"), smr = get("calculate_ISRatio", "phe_smr"))
}

# ---- the results ----

# A text that a manifest has under a key; "" when it is not there.
manifest_text <- function(manifest, key) {
  found <- regmatches(manifest, regexec(paste0("\"", key, "\": *\"([^\"]*)\""), manifest))[[1]]
  if (length(found) == 2) found[2] else ""
}

read_manifest <- function(run) {
  file <- file.path(run, "manifest.json")
  if (file.exists(file)) paste(readLines(file, warn = FALSE, encoding = "UTF-8"), collapse = "\n") else ""
}

# The table of a run, and what is known of its numbers.
read_results <- function(options) {
  manifest <- read_manifest(options$run)
  if (manifest == "") {
    fail(options$run, ": no results of hestia (no manifest.json)")
  }
  places <- file.path(options$run, c("internal", "release", "."), "results.csv")
  place <- places[file.exists(places)][1]
  if (is.na(place)) {
    fail(options$run, ": no results.csv")
  }
  rows <- utils::read.csv(place, colClasses = "character", na.strings = character(), check.names = FALSE,
                          encoding = "UTF-8")
  for (column in c("total_count", "total_pop", "value", "lowercl", "uppercl", "lower998", "upper998")) {
    rows[[column]] <- suppressWarnings(as.numeric(rows[[column]]))
  }
  directory <- dirname(normalizePath(options$run))
  study <- if (options$study == "") manifest_text(manifest, "file") else options$study
  list(rows = rows, place = place, directory = directory, study = study,
       is_true = place == places[1] || manifest_text(manifest, "disclosure") == "none",
       is_latest = identical(manifest, read_manifest(file.path(directory, "latest"))))
}

# Why bands cannot be asked for; "" when they can.
why_no_bands <- function(results, options) {
  if (Sys.which(options$hestia) == "") {
    paste0("the program `", options$hestia, "` is not found (hestia=PROGRAM)")
  } else if (!file.exists(results$study)) {
    paste0("the study file `", results$study, "` is not found (study=STUDY.yaml)")
  } else if (!results$is_latest) {
    "this is not the latest run, and the store is asked for that one"
  } else {
    ""
  }
}

# ---- the draw ----

of_row_alone <- c("count", "crude_rate", "readmission")
of_bands <- c("dsr", "isr", "smr", "mean_los")

# Rows of each measure and statistic in turn, so that a small measure is looked at as well as a large one.
draw <- function(rows, n) {
  groups <- split(seq_len(nrow(rows)), paste(rows$measure, rows$statistic))
  groups <- lapply(groups, function(members) members[sample.int(length(members))])
  taken <- integer()
  for (turn in seq_len(max(lengths(groups), 0))) {
    for (members in groups) {
      if (turn <= length(members) && length(taken) < n) {
        taken <- c(taken, members[turn])
      }
    }
    if (length(taken) >= n) {
      break
    }
  }
  rows[taken, , drop = FALSE]
}

# Which rows can be checked here: with a value, and bands where it takes them.
checkable <- function(rows, has_bands) {
  is_whole <- rows$sex == "persons" & rows$age == "all" & rows$split == ""
  is_counted <- rows$dataset != "table" & !is.na(rows$value) & !is.na(rows$total_count) &
    rows$total_count == round(rows$total_count) &
    (rows$statistic != "dsr" | rows$total_count >= 10) # of fewer the package withholds the rate
  with_bands <- rows$statistic %in% of_bands & is_whole & has_bands
  rows[is_counted & (rows$statistic %in% of_row_alone | with_bands), , drop = FALSE]
}

# ---- one row again ----

# "admissions per 100,000" -> 100000
per_of <- function(unit) {
  if (unit == "percent") {
    return(100)
  }
  as.numeric(gsub(",", "", sub("^.* per ([0-9.,e+]+).*$", "\\1", unit)))
}

# The bands of a row, counted again from the store.
read_bands <- function(row, options, results) {
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  arguments <- c("explain", results$study, row$measure, "--area", row$area_code, "--period", row$period, "--bands", file,
                 "--out", results$directory, if (options$store != "") c("--store", options$store))
  said <- suppressWarnings(system2(options$hestia, shQuote(arguments), stdout = TRUE, stderr = TRUE))
  if (!file.exists(file)) {
    return(list(reason = paste("hestia explain:", paste(utils::tail(said, 1), collapse = " "))))
  }
  list(bands = utils::read.csv(file))
}

# One answer of the package: value and limits at one level. Names of columns are given bare, as it asks for them.
ask_package <- function(package, row, bands, level) {
  switch(row$statistic,
    crude_rate = package$rate(data.frame(events = row$total_count, people = row$total_pop), events, people,
                              confidence = level, multiplier = per_of(row$unit)),
    readmission = package$proportion(data.frame(events = row$total_count, stays = row$total_pop), events, stays,
                                     confidence = level, multiplier = per_of(row$unit)),
    mean_los = suppressWarnings( # of one stay: NaN limits
      package$mean(data.frame(days = rep(bands$days, bands$stays)), days, confidence = level)),
    dsr = if (!is.null(package$dsr)) {
      package$dsr(bands, events, population, stdpop = weight, confidence = level, multiplier = per_of(row$unit))
    } else {
      package$old_dsr(bands, events, population, stdpop = weight, stdpoptype = "field", confidence = level,
                      multiplier = per_of(row$unit))
    },
    isr = package$isr(bands, events, population, ref_events, ref_population, refpoptype = "field", confidence = level,
                      multiplier = per_of(row$unit)),
    smr = package$smr(bands, events, population, ref_events, ref_population, refpoptype = "field", confidence = level,
                      refvalue = per_of(row$unit)))
}

# Comparators whose members have weights: counts are then rounded sums, and limits of another variance.
is_weighted <- function(row, options) {
  row$area_role == "comparator" && row$area_code %in% strsplit(options$weighted, ",")[[1]]
}

# Whether the package has the method that the row's limits were made by.
has_limits <- function(row, options) {
  method <- sub(";.*", "", row$method)
  !is_weighted(row, options) && switch(row$statistic,
    count = FALSE,
    crude_rate = , isr = , smr = method == "Byars" || (method == "Exact" && row$total_count < 10),
    dsr = method == "dobson-byar",
    mean_los = , readmission = TRUE)
}

# The reference of another time than the row's is put on the row's scale.
scale_reference <- function(bands) {
  with_events <- bands$ref_events > 0
  if (any(with_events)) {
    first <- which(with_events)[1]
    bands$ref_population <-
      bands$ref_population * bands$ref_events[first] / bands$ref_population[first] / bands$ref_rate[first]
  }
  bands
}

# Names and numbers of a row beside the package's; or the reason why there are none.
compare_row <- function(row, package, options, results) {
  bands <- NULL
  if (is_weighted(row, options) && row$statistic %in% c(of_row_alone, "mean_los")) {
    return(list(reason = "members have weights"))
  }
  if (row$statistic %in% of_bands) {
    read <- read_bands(row, options, results)
    if (is.null(read$bands)) {
      return(list(reason = read$reason))
    }
    bands <- if (row$statistic %in% c("isr", "smr")) scale_reference(read$bands) else read$bands
    if (anyNA(bands)) {
      return(list(reason = "a band without people"))
    }
  }
  if (row$statistic == "count") {
    divisor <- if (is.na(row$total_pop)) 1 else row$total_pop # working days, where the measure asks for them
    return(list(name = "value", ours = row$value, theirs = row$total_count / divisor))
  }
  if (grepl("working day", row$unit)) {
    return(list(reason = "a rate for each working day"))
  }
  if (row$statistic == "dsr" && sum(bands$events) < 10) { # of true events: a released 10 may be 8
    return(list(reason = "fewer than 10 events: the package withholds them"))
  }
  answer <- ask_package(package, row, bands, 0.95)
  name <- "value"
  theirs <- answer$value
  if (has_limits(row, options)) {
    name <- c(name, "lowercl", "uppercl")
    theirs <- c(theirs, answer$lowercl, answer$uppercl)
    if (row$confidence == "95%, 99.8%") {
      answer <- ask_package(package, row, bands, 0.998)
      name <- c(name, "lower998", "upper998")
      theirs <- c(theirs, answer$lowercl, answer$uppercl)
    }
  }
  list(name = name, ours = as.numeric(row[name]), theirs = as.numeric(theirs))
}

# ---- telling ----

# The largest difference that passes: relative to the number, or half a unit of its last released digit.
allowed <- function(number, options, results) {
  if (results$is_true) {
    return(options$tolerance * pmax(abs(number), 1e-3))
  }
  digits <- ifelse(abs(number) >= 10 | number == 0, 1, 2 - floor(log10(abs(number))))
  0.5 * 10^-digits * (1 + 1e-9)
}

# All drawn rows, a line for each number; rows that were not compared have a reason and no number.
compare_rows <- function(rows, package, options, results) {
  lines <- lapply(seq_len(nrow(rows)), function(i) {
    row <- rows[i, ]
    compared <- compare_row(row, package, options, results)
    is_skipped <- !is.null(compared$reason)
    data.frame(key = paste0(row$measure, " (", row$statistic, ")"), measure = row$measure, area = row$area_code,
               period = row$period, row = i, reason = if (is_skipped) compared$reason else "",
               what = if (is_skipped) "" else compared$name, hestia = if (is_skipped) NA_real_ else compared$ours,
               R = if (is_skipped) NA_real_ else compared$theirs)
  })
  lines <- do.call(rbind, lines)
  lines$difference <- abs(lines$hestia - lines$R)
  lines$relative <- ifelse(lines$difference == 0, 0, lines$difference / abs(lines$R))
  is_withheld <- !results$is_true & is.na(lines$hestia) # by the rule of the release
  lines$is_number <- lines$reason == "" & !is_withheld
  lines$is_same <- is.na(lines$hestia) == is.na(lines$R) &
    (is.na(lines$difference) | lines$difference <= allowed(lines$hestia, options, results))
  lines
}

show_lines <- function(lines) {
  numbers <- lines[lines$is_number, ]
  cat(sprintf("\n%-46s %6s %8s  %s\n", "measure (statistic)", "rows", "numbers", "largest relative difference"))
  for (key in unique(numbers$key)) {
    of_key <- numbers[numbers$key == key, ]
    cat(sprintf("%-46s %6d %8d  %.2g\n", key, length(unique(of_key$row)), nrow(of_key),
                max(of_key$relative, 0, na.rm = TRUE)))
  }
  skipped <- lines[lines$reason != "", ]
  if (nrow(skipped) > 0) {
    reasons <- table(paste0(skipped$key, ": ", skipped$reason))
    cat("\nDrawn and not compared\n")
    cat(sprintf("%6d  %s\n", as.integer(reasons), names(reasons)), sep = "")
  }
  differing <- numbers[!numbers$is_same, c("measure", "area", "period", "what", "hestia", "R", "difference")]
  if (nrow(differing) > 0) {
    cat("\nTHESE DIFFER\n")
    base::options(width = 200)
    print(differing, digits = 12, row.names = FALSE)
    cat("\n", nrow(differing), " of ", nrow(numbers), " numbers differ\n", sep = "")
    quit(save = "no", status = 1)
  }
  if (nrow(numbers) == 0) {
    fail("nothing could be compared")
  }
  cat("\nAll ", nrow(numbers), " numbers of ", length(unique(numbers$row)), " rows agree\n", sep = "")
}

main <- function() {
  options <- parse_arguments(commandArgs(trailingOnly = TRUE))
  package <- find_package()
  results <- read_results(options)
  no_bands <- why_no_bands(results, options)

  cat("PHEindicatormethods ", package$version, ", R ", as.character(getRversion()), ", seed ",
      format(options$seed, scientific = FALSE), "\n", results$place, ": ", nrow(results$rows), " rows\n", sep = "")
  if (!results$is_true) {
    cat("This is a release with rounded numbers: they agree within half a unit of their last digit. Of a run with\n",
        "`publish: {internal: true}` all digits are checked.\n", sep = "")
  }
  if (no_bands != "") {
    cat("Standardised rates and means are not checked: ", no_bands, "\n", sep = "")
  }
  set.seed(options$seed)
  rows <- draw(checkable(results$rows, no_bands == ""), options$rows)
  if (nrow(rows) == 0) {
    fail("no row that can be checked")
  }
  show_lines(compare_rows(rows, package, options, results))
}

main()
