/*
 * The study file in one table: what interface.md fixes, which of it this version has, and the one
 * line that the reference page says of each key. The reader takes its defaults from here.
 */
#include "study_internal.h"

#include <string.h>

/* Short forms, for one line a key. */
#define ROW(parent, type, key, is_list, choices, group, fallback, meaning, is_later)               \
    {                                                                                              \
        key, HST_GROUP_##parent, type, is_list, choices, group, fallback, meaning, is_later        \
    }
#define KEY(parent, type, key, fallback, meaning)                                                  \
    ROW(parent, HST_KEY_##type, key, false, NULL, HST_N_GROUPS, fallback, meaning, false)
#define LIST(parent, type, key, fallback, meaning)                                                 \
    ROW(parent, HST_KEY_##type, key, true, NULL, HST_N_GROUPS, fallback, meaning, false)
#define CHOICE(parent, key, choices, fallback, meaning)                                            \
    ROW(parent, HST_KEY_CHOICE, key, false, choices, HST_N_GROUPS, fallback, meaning, false)
#define CHOICES(parent, key, choices, fallback, meaning)                                           \
    ROW(parent, HST_KEY_CHOICE, key, true, choices, HST_N_GROUPS, fallback, meaning, false)
#define MAPPING(parent, key, group, fallback, meaning)                                             \
    ROW(parent, HST_KEY_MAPPING, key, false, NULL, HST_GROUP_##group, fallback, meaning, false)
#define MAPPINGS(parent, key, group, fallback, meaning)                                            \
    ROW(parent, HST_KEY_MAPPING, key, true, NULL, HST_GROUP_##group, fallback, meaning, false)

const hst_schema_key hst_schema[] = {
    KEY(STUDY, SLUG, "study", HST_REQUIRED, "name of the study, used in file names"),
    KEY(STUDY, TEXT, "title", NULL, "title of the study; without one its name"),
    KEY(STUDY, TEXT, "notice", NULL,
        "what readers have to know first, such as that data are artificial: stands on top of the "
        "report and the workbook"),
    MAPPING(STUDY, "period", PERIOD, HST_REQUIRED, "the time studied, both days included"),
    KEY(STUDY, PATH, "store", ".hestia-store",
        "directory of the store; one store serves many studies"),
    MAPPINGS(STUDY, "extracts", EXTRACT, HST_REQUIRED, "the files to be read"),
    MAPPING(STUDY, "spells", SPELLS, NULL, "rules that join episodes into spells"),
    CHOICE(STUDY, "duplicates", hst_duplicate_choices, "nhsd",
           "nhsd drops rows that repeat an EPIKEY (ATTENDKEY, AEKEY), the rest having been removed "
           "before delivery; hf also rows alike in person, dates and provider, of which the "
           "fullest stays; none drops nothing"),
    MAPPING(STUDY, "areas", AREAS, NULL, "which areas, their names, sites and comparators"),
    MAPPING(STUDY, "providers", PROVIDERS, NULL,
            "names of providers, and which of them have merged"),
    LIST(STUDY, PATH, "population", NULL,
         "population files: `area,year,sex,age_lower,age_upper,population` (999 = open), Nomis, "
         "ONS MYEB1 or ONS wide by age; needed by rates"),
    KEY(STUDY, TEXT, "standard_population", "esp2013",
        "esp1976, esp1976_19, esp2013, esp2013_21, who2000, or a file "
        "`age_lower,age_upper,weight`"),
    CHOICE(STUDY, "standardise_by", hst_standardise_choices, "age_sex",
           "age_sex: strata by sex and age band, with the same weights for either sex; age: both "
           "sexes together"),
    CHOICE(STUDY, "denominator_year", hst_denominator_choices, "financial",
           "mid-year population below a rate: financial is that of the calendar year in which the "
           "period's financial year starts; calendar that of the period's own year; interpolate is "
           "between mid-years, at the middle of the period"),
    KEY(STUDY, PATH, "deprivation", NULL, "file `area,imd`, for `acs_score`"),
    KEY(STUDY, PATH, "planted", NULL,
        "of artificial data: file `impact,dataset,area,provider,specialty,month,percent,words` of "
        "what was planted, set beside what was found in planted.csv and the report"),
    KEY(STUDY, PATH, "code_lists", NULL,
        "condition sets of your own, `set,system,code_prefix,positions,note`; the built-in ones "
        "are always there"),
    MAPPINGS(STUDY, "cohorts", COHORT, NULL,
             "groups of people found by a condition or listed in a file, up to 15"),
    MAPPING(STUDY, "measure_defaults", DEFAULTS, NULL,
            "keys of a measure that hold for every measure which does not give them itself; a "
            "measure's own value replaces the whole of the default's, and a default that does not "
            "go with a measure's data set or statistic is passed over there"),
    MAPPINGS(STUDY, "measures", MEASURE, HST_REQUIRED, "what is counted"),
    MAPPINGS(STUDY, "reported", REPORTED, NULL,
             "numbers from elsewhere, set beside ours in reported.csv"),
    MAPPINGS(STUDY, "impact", IMPACT, NULL, "services and the comparisons that judge them"),
    MAPPING(STUDY, "quality", QUALITY, NULL, "limits past which a run fails"),
    MAPPING(STUDY, "breaks", BREAKS, NULL, "screen for recording breaks"),
    MAPPING(STUDY, "publish", PUBLISH, NULL, "where results go, and how they are released"),

    KEY(PERIOD, DATE, "from", HST_REQUIRED, "first day"),
    KEY(PERIOD, DATE, "to", HST_REQUIRED, "last day"),

    CHOICE(EXTRACT, "dataset", hst_dataset_choices, HST_REQUIRED,
           "apc: inpatients; op: outpatients; ae: accident and emergency"),
    LIST(EXTRACT, PATH, "files", HST_REQUIRED,
         "files or patterns (`*`, `?`, `[...]`): .csv .txt, also .gz .zst .zip .xz; encoding and "
         "line ends are detected"),
    CHOICE(EXTRACT, "separator", hst_separator_choices, "auto", "character between fields"),
    KEY(EXTRACT, TEXT, "header", "auto",
        "a file that holds the header line, when the extracts have none; `auto`: their first "
        "line"),
    KEY(EXTRACT, NAMES, "columns", NULL,
        "role (`area`, `person` or a field's name) to header name, where the built-in aliases do "
        "not find the column"),
    MAPPINGS(EXTRACT, "side_files", SIDE_FILE, NULL, "columns that were delivered separately"),
    CHOICE(EXTRACT, "cuts", hst_cuts_choices, "newest",
           "of several cumulative cuts of one data year the newest counts, and the others stand in "
           "audit.csv as superseded; or all count"),

    LIST(SIDE_FILE, PATH, "files", HST_REQUIRED, "files or patterns"),
    KEY(SIDE_FILE, TEXT, "key", HST_REQUIRED, "column that both files hold, for example EPIKEY"),
    LIST(SIDE_FILE, TEXT, "columns", HST_REQUIRED, "columns taken from the side file"),

    CHOICE(SPELLS, "rule", hst_spell_choices, "nhsd",
           "provider spells: nhsd joins a person's episodes of the same ADMIDATE, provider and "
           "PROVSPNOPS; york those of the same ADMIDATE or EPISTART, and those that begin on the "
           "day an undischarged one ends; supplied takes SUSSPELLID. Admissions and episodes do "
           "not depend on it"),
    CHOICE(SPELLS, "cips", hst_cips_choices, "nhsd",
           "continuous inpatient spells: nhsd joins spells 0 to 2 days apart where a transfer is "
           "recorded; york up to 3 days apart or overlapping, likewise; none: each spell is one of "
           "its own. "
           "`supplied` is refused: SUSSPELLID names provider spells only"),

    KEY(AREAS, TEXT, "type", "pct",
        "pct, la or lsoa; or a word of your own when `field` names the column"),
    LIST(AREAS, TEXT, "field", NULL,
         "area columns in order of preference, families or exact names. Default of pct RESPCT06, "
         "RESPCT_HIS, RESPCT02, RESPCT; of la RESLADST_ONS, RESLADST; of lsoa LSOA11, LSOA01"),
    KEY(AREAS, PATH, "lookup", NULL,
        "file `code_from,valid_from,valid_to,code_to,share` that brings codes to one set of areas; "
        "days inclusive, a share other than 1 is refused"),
    KEY(AREAS, PATH, "names", NULL,
        "file `code,name`, the list of areas: a code outside it counts as OTHER. Without it the "
        "list is the areas of the population file, else every code met"),
    LIST(AREAS, TEXT, "sites", NULL, "codes of the areas under study"),
    MAPPINGS(AREAS, "comparators", COMPARATOR, NULL,
             "what the areas are compared with; the first one is the one of `compared`"),

    KEY(COMPARATOR, TEXT, "name", HST_REQUIRED, "name in the results"),
    CHOICE(COMPARATOR, "areas", hst_comparator_area_choices, NULL, "all areas together"),
    KEY(COMPARATOR, TEXT, "population_area", NULL,
        "row of the population file for the whole, with `areas: all`"),
    KEY(COMPARATOR, PATH, "file", NULL,
        "file `area,comparator[,weight]`, instead of `areas`: what each site is compared with. "
        "Where sites have different ones the comparator is one for each, `Similar areas (5NK)`"),

    KEY(PROVIDERS, PATH, "names", NULL, "file `code,name`, for results split by provider"),
    KEY(PROVIDERS, PATH, "merge", NULL,
        "file `code_from,code_to` of merged trusts: the first counts as the second"),

    KEY(COHORT, ID, "id", HST_REQUIRED, "name of the cohort, once in a study"),
    KEY(COHORT, TEXT, "title", NULL, "title; without one the id"),
    CHOICE(COHORT, "dataset", hst_cohort_dataset_choices, "apc",
           "data set in which the members are found"),
    LIST(COHORT, TEXT, "condition", NULL,
         "condition sets; who has any of them in any episode is a member"),
    CHOICE(COHORT, "positions", hst_positions_choices, NULL,
           "diagnosis positions read; without it those of the set"),
    KEY(COHORT, PATH, "file", NULL,
        "person identifiers, one a line, with or without an index date (`id,YYYY-MM-DD`), instead "
        "of `condition`; they are hashed as they are read, and not kept"),
    ROW(COHORT, HST_KEY_CHOICE_OR_MAPPING, "window", false, hst_window_choices, HST_GROUP_PERIOD,
        "all",
        "days of admission in which the condition is looked for; members are followed over the "
        "whole study, also before",
        false),
    MAPPING(COHORT, "register", REGISTER, NULL, "numbers set beside the cohort's in cohorts.csv"),

    KEY(REGISTER, PATH, "file", HST_REQUIRED, "file `area,date,registered`"),
    KEY(REGISTER, RANGE, "age", "[0, 120]", "[from, to] of the members compared, both included"),

    KEY(MEASURE, ID, "id", HST_REQUIRED, "name of the measure, once in a study"),
    KEY(MEASURE, TEXT, "title", NULL, "title; without one the id"),
    CHOICE(MEASURE, "dataset", hst_measure_dataset_choices, "apc",
           "data set that is counted; table: numbers of `file`"),
    CHOICE(MEASURE, "unit", hst_unit_choices, NULL,
           "episode: a finished consultant episode; admission: a finished first episode, dated by "
           "ADMIDATE; spell: a stay at one provider; cips: a continuous stay, transfers included; "
           "attendance: a row of op or ae; person: each once a period. Default: admission, "
           "statistics of stays spell, readmission cips; op and ae attendance"),
    MAPPING(MEASURE, "where", WHERE, NULL, "which records count; without it all"),
    CHOICE(MEASURE, "statistic", hst_statistic_choices, HST_REQUIRED,
           "count; crude_rate; dsr: directly standardised rate; isr: indirectly standardised rate; "
           "smr: observed over expected; mean_los, std_mean_los: mean stay in days, and "
           "standardised; bed_days; bed_day_rate; readmission: emergency readmissions, percent of "
           "stays; hhi: concentration over providers; growth: against the base period; "
           "acs_score: isr beside deprivation, 1 to 9"),
    CHOICES(MEASURE, "by", hst_by_choices, "quarter",
            "lengths of period; years are financial years"),
    MAPPING(MEASURE, "period", PERIOD, NULL, "the measure's own time inside the study's"),
    CHOICE(MEASURE, "date", hst_date_choices, NULL,
           "which date puts a record into a period. Default: admission; statistics of stays "
           "(mean_los, std_mean_los, bed_days, bed_day_rate, readmission) discharge; op and ae "
           "attendance"),
    CHOICE(MEASURE, "split", hst_split_choices, "none",
           "counts for each value as well; the total is always there"),
    CHOICE(MEASURE, "interval", hst_interval_choices, NULL,
           "confidence limits: for dsr dobson-byar (default), dobson-exact, fay-feuer, tiwari, "
           "mid-p, normal, repeat-adjusted; for crude_rate, isr, smr byar (default: exact below 10 "
           "events), exact, for crude_rate also repeat-adjusted; for bed_day_rate dobson-byar "
           "(default, scaled), normal"),
    LIST(MEASURE, NUMBER, "confidence", "95", "95, or [95, 99.8]"),
    KEY(MEASURE, NUMBER, "per", NULL,
        "rates are for so many people. Default: 100000; bed_day_rate 1000, smr 1, readmission 100 "
        "(stays), for which only a measure's own value counts"),
    KEY(MEASURE, BOOL, "annualise", "false",
        "true: rates for a year, by person-years, instead of for the period"),
    KEY(MEASURE, BOOL, "per_working_day", "false",
        "true: count and crude_rate for each working day of the period (Monday to Friday without "
        "England's bank holidays)"),
    CHOICE(MEASURE, "direction", hst_direction_choices, "neutral",
           "makes `compared` say better or worse"),
    MAPPINGS(MEASURE, "exclude_providers", EXCLUDED_PROVIDER, NULL,
             "providers left out, each with its reason"),
    KEY(MEASURE, TEXT, "figure", NULL, "figure of a publication that the measure stands for"),
    KEY(MEASURE, WHOLE, "min_events", "10",
        "a dsr with fewer events is given without value and limits"),
    KEY(MEASURE, PATH, "file", NULL, "file `period,area,value` of a measure with `dataset: table`"),
    KEY(MEASURE, TEXT, "base", NULL,
        "growth: label of the period that the others are compared with (`2006/07`)"),
    CHOICE(MEASURE, "bed_days", hst_bed_days_choices, "discharge",
           "bed_days, bed_day_rate: all of a stay in the period of its discharge, or placed in the "
           "periods in which the days fall"),
    KEY(MEASURE, WHOLE, "los_cap", NULL,
        "mean_los, std_mean_los, bed_days, bed_day_rate: longer stays count as so many days"),
    KEY(MEASURE, WHOLE, "los_min", NULL, "the same: shorter stays are left out"),
    MAPPING(MEASURE, "reference", REFERENCE, NULL,
            "isr, smr, acs_score: what the expected events are taken from; without it all areas in "
            "the same period"),
    KEY(MEASURE, WHOLE, "days", "30",
        "readmission: within so many days of the discharge, that day included (30: days 0 to 29)"),
    KEY(MEASURE, TEXT, "exclude_condition", "readmission_exclude",
        "readmission: condition set that takes a stay out of the denominator; none: no set"),
    LIST(MEASURE, TEXT, "exclude_specialty", "[501, 560, 610]",
         "readmission: specialties out of the denominator; none: no specialty"),
    KEY(MEASURE, WHOLE, "lookback", "365",
        "readmission: days before the admission in which `exclude_condition` counts as well"),

    LIST(REFERENCE, TEXT, "areas", "all", "areas of the reference, or all"),
    KEY(REFERENCE, TEXT, "year", NULL,
        "financial year of the reference (`2007/08`), inside the measure's period; without it each "
        "period is its own"),

    CHOICES(WHERE, "admission_method", hst_method_choices, NULL,
            "emergency (21-25, 28, 2A-2D), elective (11-13), maternity (31, 32), transfer (81), "
            "non_elective (all but elective, 98, 99 and empty), all, or single codes"),
    CHOICE(WHERE, "transfers", hst_transfer_choices, "include",
           "exclude: without methods 2B, 81 and sources 51-53"),
    LIST(WHERE, TEXT, "condition", NULL,
         "condition sets, built in (`hestia check --conditions` lists them) or of `code_lists`; "
         "several mean any of them, counted once"),
    CHOICE(WHERE, "positions", hst_positions_choices, NULL,
           "diagnosis positions read; without it those of the set"),
    CHOICE(WHERE, "episode", hst_episode_choices, "first",
           "episode of the stay whose condition counts; last and any with `unit: spell` or cips"),
    LIST(WHERE, TEXT, "procedure", NULL, "procedure sets or OPCS-4 code beginnings"),
    KEY(WHERE, RANGE, "age", NULL, "[from, to], both included"),
    CHOICES(WHERE, "sex", hst_sex_choices, NULL, "1 male, 2 female"),
    CHOICES(WHERE, "patient_class", hst_class_choices, "[1, 2, 5]",
            "1 ordinary, 2 day case, 3 and 4 regular attenders, 5 mother and baby. Default with "
            "statistics of stays: 1"),
    CHOICES(WHERE, "episode_type", hst_episode_type_choices, NULL, "EPITYPE"),
    LIST(WHERE, TEXT, "specialty", NULL, "treatment function; before April 2004 MAINSPEF"),
    LIST(WHERE, TEXT, "main_specialty", NULL, "MAINSPEF"),
    LIST(WHERE, TEXT, "provider", NULL, "provider codes"),
    LIST(WHERE, TEXT, "gp_practice", NULL, "practice codes"),
    LIST(WHERE, TEXT, "ethnicity", NULL, "ETHNOS"),
    CHOICES(WHERE, "deprivation_quintile", hst_quintile_choices, NULL, "1 most deprived, 5 least"),
    CHOICES(WHERE, "discharge_method", hst_discharge_choices, NULL, "DISMETH"),
    LIST(WHERE, TEXT, "discharge_destination", NULL, "DISDEST; of A&E AEATTENDDISP"),
    LIST(WHERE, TEXT, "admission_source", NULL, "ADMISORC"),
    KEY(WHERE, RANGE, "length_of_stay", NULL, "[from, to] in days, both included"),
    CHOICES(WHERE, "attended", hst_attended_choices, "[5, 6]",
            "op: ATTENDED; 5 seen, 6 late but seen, 7 late and not seen, 3 did not attend, 2 and 4 "
            "cancelled by patient and provider"),
    CHOICES(WHERE, "first_attendance", hst_first_attendance_choices, NULL,
            "op: FIRSTATT; 1 first, 2 follow-up, 3 and 4 the same by telephone"),
    CHOICES(WHERE, "department", hst_department_choices, NULL,
            "ae: AEDEPTTYPE; 01 major, 02 single specialty, 03 minor injury, 04 walk-in"),
    CHOICES(WHERE, "attendance_category", hst_attendance_category_choices, "[1, 3]",
            "ae: AEATTENDCAT; 1 first, 2 planned follow-up, 3 unplanned follow-up"),
    LIST(WHERE, TEXT, "cohort", NULL, "members of one of these cohorts of the study"),
    LIST(WHERE, TEXT, "not_cohort", NULL, "everybody but the members of these cohorts"),
    MAPPINGS(WHERE, "any", WHERE, NULL,
             "several filters of which one must hold; joined to the other keys by and"),

    KEY(EXCLUDED_PROVIDER, TEXT, "code", HST_REQUIRED, "provider code"),
    LIST(EXCLUDED_PROVIDER, TEXT, "areas", NULL, "only in these areas; without it in all"),
    KEY(EXCLUDED_PROVIDER, TEXT, "reason", NULL, "why, for the audit"),

    KEY(REPORTED, ID, "measure", HST_REQUIRED, "measure of the study that they are set beside"),
    KEY(REPORTED, TEXT, "area", HST_REQUIRED, "area of the numbers"),
    KEY(REPORTED, PATH, "file", HST_REQUIRED, "file `period,series,value,source`"),

    KEY(IMPACT, ID, "id", HST_REQUIRED, "name of the service, once in a study"),
    KEY(IMPACT, TEXT, "title", NULL, "title; without one the id"),
    KEY(IMPACT, TEXT, "site", NULL, "area where the service is; or `sites`"),
    LIST(IMPACT, TEXT, "sites", NULL,
         "areas where it is, each judged for itself; without `site` and `sites` those of `areas`"),
    LIST(IMPACT, ID, "measures", HST_REQUIRED,
         "measures of the study that judge it. Tables, growth, hhi and acs_score have values "
         "without events, which only trend and spc can test"),
    KEY(IMPACT, DATE, "date", NULL,
        "first day of the service; or `dates`. Only a service with `methods: trend` can do "
        "without"),
    LIST(IMPACT, DATE, "dates", NULL,
         "first days of new levels, in order; the first is the service's start"),
    MAPPING(IMPACT, "phase_in", PERIOD, NULL,
            "days of its beginning that are left out of the models; inside the window, not over "
            "before the day before the date"),
    MAPPING(IMPACT, "window", PERIOD, NULL,
            "days of the series, inside each measure's period; without it each measure's period"),
    MAPPING(IMPACT, "baseline", PERIOD, NULL,
            "days of the site review before the service. Default: the days of the review a year "
            "before, or as many years before as put them before the (first) date"),
    MAPPING(IMPACT, "review", PERIOD, NULL,
            "days of the site review with the service. Default: from the (last) date to the end of "
            "the window (without `window` of the measures' common one), at most a year"),
    CHOICE(IMPACT, "by", hst_by_choices, NULL,
           "length of period, which each of the measures must have in its `by`; without it the "
           "finest of each"),
    LIST(IMPACT, TEXT, "comparators", NULL,
         "names of comparators of the study; without it all of them"),
    CHOICE(IMPACT, "expected", hst_expected_choices, "none", "what the service hoped for"),
    CHOICES(IMPACT, "methods", hst_impact_method_choices, "[its, pre_post]",
            "pre_post: ratio and difference of before and after; trend: straight line; its: "
            "segmented regression; did: difference-in-differences; synthetic_control; spc: control "
            "chart"),
    CHOICE(IMPACT, "primary", hst_impact_method_choices, NULL,
           "the method whose p stands in the site review, declared before the run: one of "
           "`methods`, but not spc, which has no p. Default: its where it is one of them, else the "
           "first that can be"),
    KEY(IMPACT, NUMBER, "meaningful", "0.10",
        "smallest effect of interest, as a share of the level before"),
    MAPPING(IMPACT, "options", IMPACT_OPTIONS, NULL, "what the methods are told"),

    MAPPING(IMPACT_OPTIONS, "its", ITS, NULL, "of segmented regression"),
    MAPPING(IMPACT_OPTIONS, "trend", TREND, NULL, "of the straight line"),
    MAPPING(IMPACT_OPTIONS, "did", DID, NULL, "of difference-in-differences"),
    MAPPING(IMPACT_OPTIONS, "pre_post", PRE_POST, NULL, "of before and after"),
    MAPPING(IMPACT_OPTIONS, "spc", SPC, NULL, "of control charts"),

    CHOICE(ITS, "model", hst_its_model_choices, "auto",
           "auto: quasi-Poisson for counts, ols for rates and means; models of counts do not go "
           "with mean_los and std_mean_los"),
    CHOICE(ITS, "season", hst_its_season_choices, "auto",
           "auto: dummies when there are two full years on either side, else none"),
    CHOICE(ITS, "errors", hst_its_error_choices, "robust",
           "robust: newey-west of residuals adjusted for their leverage, never below those of the "
           "model (docs/methods.md has how often each is wrong); newey-west; model: those of the "
           "model itself"),
    KEY(ITS, WHOLE, "lag", NULL, "lag of robust and newey-west. Default: floor(4 (n / 100)^(2/9))"),
    KEY(ITS, BOOL, "slope", "true", "true: level and slope may change; false: the level alone"),

    CHOICE(TREND, "errors", hst_trend_error_choices, "ols",
           "standard error of the slope; newey-west stands beside it in impact.csv"),
    KEY(TREND, WHOLE, "lag", NULL, "lag of newey-west. Default: floor(4 (n / 100)^(2/9))"),

    CHOICE(DID, "variance", hst_did_variance_choices, "placebo",
           "placebo: p is the rank among all areas taken for the site in turn; quasi: times the "
           "dispersion; cluster: by area"),
    CHOICE(DID, "model", hst_did_model_choices, "two-way",
           "two-way: a level for each area and each period; pooled: two groups, before and after"),

    CHOICE(PRE_POST, "interval", hst_pre_post_choices, "exact", "limits of a ratio of counts"),

    KEY(SPC, BOOL, "screen", "true",
        "true: moving ranges far above the others do not widen the limits"),

    KEY(QUALITY, NUMBER, "max_rejected", "0.001",
        "largest share of rows of a file that cannot be read; past it the run fails"),
    KEY(QUALITY, NUMBER, "max_unknown_area", "0.05",
        "largest share of rows of a file without area; past it the run fails"),
    KEY(QUALITY, NUMBER, "max_row_drop", "0.02",
        "share of rows by which a cut may fall short of the one before (past it the run fails), "
        "and a provider's month of the same month a year before (past it the audit says so)"),

    KEY(BREAKS, BOOL, "screen", NULL,
        "looks for recording breaks in what each provider sent of each area and specialty. "
        "Default: "
        "true when the study has `impact`, else false"),
    KEY(BREAKS, NUMBER, "p", "0.01",
        "largest false discovery rate, over all series screened, of a suspect"),
    KEY(BREAKS, NUMBER, "size", "0.20",
        "smallest change of level of a suspect, as a share of the old level"),
    KEY(BREAKS, NUMBER, "monthly", "5", "mean count a month that a series needs to be screened"),

    KEY(PUBLISH, PATH, "directory", "results", "directory of the results"),
    CHOICES(PUBLISH, "formats", hst_format_choices, NULL,
            "default: all; the tables as csv are always there. csv: a file for each table; sqlite: "
            "hestia.sqlite; xlsx: site-review.xlsx; html: "
            "report.html, for any browser"),
    ROW(PUBLISH, HST_KEY_CHOICE_OR_MAPPING, "disclosure", false, hst_disclosure_choices,
        HST_GROUP_DISCLOSURE, "hes2018",
        "of release/. hes2018: counts below England of 1 to 7 are hidden, others rounded to 5, and "
        "what would give them back is hidden too (docs/methods.md); none: true numbers, which stay "
        "inside a safe environment",
        false),
    KEY(PUBLISH, BOOL, "internal", "false",
        "true also writes internal/ with the true numbers, readable by its owner alone"),
    CHOICE(PUBLISH, "latest", hst_latest_choices, "link",
           "results/latest is a link to the last run; or a copy of it, for desktops that do not "
           "follow links"),
    MAPPING(PUBLISH, "compare", COMPARE, NULL, "what a run says of the run before"),
    KEY(PUBLISH, WHOLE, "keep", "30", "runs kept; a run with a file KEEP in it is never removed"),

    CHOICE(DISCLOSURE, "rule", hst_disclosure_choices, HST_REQUIRED, "rule by name"),
    KEY(DISCLOSURE, WHOLE, "min", "8", "smallest count shown below England"),
    KEY(DISCLOSURE, WHOLE, "round", "5", "base that counts below England are rounded to"),
    CHOICE(
        DISCLOSURE, "totals", hst_total_choices, "rounded",
        "counts of England and of whole extracts: rounded, so that the releases of two nights do "
        "not tell a record that came between; or exact, for a release that stays the only one"),
    KEY(DISCLOSURE, WHOLE, "decimals", "1",
        "decimals of values and limits from 10 on; smaller ones have three significant figures"),

    KEY(COMPARE, NUMBER, "threshold", "0.05",
        "share by which a value of a complete period and 100 events or more may differ from the "
        "run before without a warning"),
};

const size_t hst_schema_n = sizeof hst_schema / sizeof hst_schema[0];

const char *hst_group_name(hst_group group)
{
    static const char *const names[HST_N_GROUPS] = {
        [HST_GROUP_STUDY] = "the study",
        [HST_GROUP_PERIOD] = "a period",
        [HST_GROUP_EXTRACT] = "an extract",
        [HST_GROUP_SIDE_FILE] = "a side file",
        [HST_GROUP_SPELLS] = "`spells`",
        [HST_GROUP_AREAS] = "`areas`",
        [HST_GROUP_COMPARATOR] = "a comparator",
        [HST_GROUP_PROVIDERS] = "`providers`",
        [HST_GROUP_COHORT] = "a cohort",
        [HST_GROUP_REGISTER] = "`register`",
        [HST_GROUP_DEFAULTS] = "`measure_defaults`",
        [HST_GROUP_MEASURE] = "a measure",
        [HST_GROUP_REFERENCE] = "`reference`",
        [HST_GROUP_WHERE] = "`where`",
        [HST_GROUP_EXCLUDED_PROVIDER] = "an excluded provider",
        [HST_GROUP_REPORTED] = "`reported`",
        [HST_GROUP_IMPACT] = "a service",
        [HST_GROUP_IMPACT_OPTIONS] = "`options`",
        [HST_GROUP_ITS] = "`its`",
        [HST_GROUP_TREND] = "`trend`",
        [HST_GROUP_DID] = "`did`",
        [HST_GROUP_PRE_POST] = "`pre_post`",
        [HST_GROUP_SPC] = "`spc`",
        [HST_GROUP_QUALITY] = "`quality`",
        [HST_GROUP_BREAKS] = "`breaks`",
        [HST_GROUP_PUBLISH] = "`publish`",
        [HST_GROUP_DISCLOSURE] = "`disclosure`",
        [HST_GROUP_COMPARE] = "`compare`",
    };

    return names[group];
}

const hst_schema_key *hst_schema_find(hst_group group, const char *key)
{
    if (group == HST_GROUP_DEFAULTS) {
        group = HST_GROUP_MEASURE;
    }
    for (size_t i = 0; i < hst_schema_n; i++) {
        if (hst_schema[i].parent == group && strcmp(hst_schema[i].key, key) == 0) {
            return &hst_schema[i];
        }
    }
    return NULL;
}
