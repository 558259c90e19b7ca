/*
 * The study file in one table: what interface.md fixes, which of it this version has, and the one
 * line that the reference page says of each key. The reader takes its defaults from here.
 */
#include "study_internal.h"

#include <string.h>

const hst_choice hst_dataset_choices[] = {{"apc", HST_DATASET_APC, false},
                                          {"op", HST_DATASET_OP, true},
                                          {"ae", HST_DATASET_AE, true},
                                          {NULL, 0, false}};

/* A measure may also come from a table; hst_dataset has no number for that. */
static const hst_choice measure_dataset_choices[] = {{"apc", HST_DATASET_APC, false},
                                                     {"op", HST_DATASET_OP, true},
                                                     {"ae", HST_DATASET_AE, true},
                                                     {"table", 0, true},
                                                     {NULL, 0, false}};

const hst_choice hst_unit_choices[] = {{"episode", HST_UNIT_EPISODE, false},
                                       {"admission", HST_UNIT_ADMISSION, false},
                                       {"spell", HST_UNIT_SPELL, true},
                                       {"cips", HST_UNIT_CIPS, true},
                                       {"attendance", HST_UNIT_ATTENDANCE, true},
                                       {"person", HST_UNIT_PERSON, true},
                                       {NULL, 0, false}};

const hst_choice hst_statistic_choices[] = {{"count", HST_STAT_COUNT, false},
                                            {"crude_rate", HST_STAT_CRUDE_RATE, false},
                                            {"dsr", HST_STAT_DSR, false},
                                            {"isr", HST_STAT_ISR, true},
                                            {"smr", HST_STAT_SMR, true},
                                            {"mean_los", HST_STAT_MEAN_LOS, true},
                                            {"std_mean_los", HST_STAT_STD_MEAN_LOS, true},
                                            {"bed_days", HST_STAT_BED_DAYS, true},
                                            {"bed_day_rate", HST_STAT_BED_DAY_RATE, true},
                                            {"readmission", HST_STAT_READMISSION, true},
                                            {"hhi", HST_STAT_HHI, true},
                                            {"growth", HST_STAT_GROWTH, true},
                                            {"acs_score", HST_STAT_ACS_SCORE, true},
                                            {NULL, 0, false}};

const hst_choice hst_interval_choices[] = {{"dobson-byar", HST_INTERVAL_DOBSON_BYAR, false},
                                           {"dobson-exact", HST_INTERVAL_DOBSON_EXACT, false},
                                           {"fay-feuer", HST_INTERVAL_FAY_FEUER, false},
                                           {"tiwari", HST_INTERVAL_TIWARI, false},
                                           {"mid-p", HST_INTERVAL_MID_P, false},
                                           {"normal", HST_INTERVAL_NORMAL, false},
                                           {"byar", HST_INTERVAL_BYAR, false},
                                           {"exact", HST_INTERVAL_EXACT, false},
                                           {"repeat-adjusted", HST_INTERVAL_REPEAT_ADJUSTED, true},
                                           {NULL, 0, false}};

const hst_choice hst_split_choices[] = {{"none", HST_SPLIT_NONE, false},
                                        {"provider", HST_SPLIT_PROVIDER, false},
                                        {"sex", HST_SPLIT_SEX, false},
                                        {"age_band", HST_SPLIT_AGE_BAND, false},
                                        {"specialty", HST_SPLIT_SPECIALTY, false},
                                        {"condition", HST_SPLIT_CONDITION, false},
                                        {"deprivation", HST_SPLIT_DEPRIVATION, false},
                                        {"ethnicity", HST_SPLIT_ETHNICITY, false},
                                        {NULL, 0, false}};

const hst_choice hst_direction_choices[] = {
    {"lower_is_better", HST_DIRECTION_LOWER_IS_BETTER, false},
    {"higher_is_better", HST_DIRECTION_HIGHER_IS_BETTER, false},
    {"neutral", HST_DIRECTION_NEUTRAL, false},
    {NULL, 0, false}};

static const hst_choice by_choices[] = {{"month", HST_BY_MONTH, false},
                                        {"quarter", HST_BY_QUARTER, false},
                                        {"year", HST_BY_YEAR, false},
                                        {NULL, 0, false}};

static const hst_choice date_choices[] = {{"admission", HST_DATE_OF_ADMISSION, false},
                                          {"discharge", HST_DATE_OF_DISCHARGE, false},
                                          {"attendance", HST_DATE_OF_ATTENDANCE, true},
                                          {NULL, 0, false}};

static const hst_choice positions_choices[] = {{"primary", HST_POSITIONS_PRIMARY, false},
                                               {"first3", HST_POSITIONS_FIRST3, false},
                                               {"secondary", HST_POSITIONS_SECONDARY, false},
                                               {"any", HST_POSITIONS_ANY, false},
                                               {NULL, 0, false}};

static const hst_choice episode_choices[] = {{"first", HST_EPISODE_FIRST, false},
                                             {"last", HST_EPISODE_LAST, true},
                                             {"any", HST_EPISODE_ANY, true},
                                             {NULL, 0, false}};

static const hst_choice transfer_choices[] = {
    {"include", 0, false}, {"exclude", 1, false}, {NULL, 0, false}};

static const hst_choice separator_choices[] = {{"auto", 0, false},
                                               {"comma", ',', false},
                                               {"pipe", '|', false},
                                               {"tab", '\t', false},
                                               {NULL, 0, false}};

static const hst_choice cuts_choices[] = {
    {"newest", 1, false}, {"all", 0, false}, {NULL, 0, false}};

static const hst_choice spell_choices[] = {
    {"nhsd", 0, false}, {"york", 1, false}, {"supplied", 2, false}, {NULL, 0, false}};

static const hst_choice duplicate_choices[] = {
    {"nhsd", 0, false}, {"none", 1, false}, {"hf", 2, true}, {NULL, 0, false}};

static const hst_choice comparator_area_choices[] = {{"all", 0, false}, {NULL, 0, false}};

static const hst_choice standardise_choices[] = {
    {"age_sex", 1, false}, {"age", 0, false}, {NULL, 0, false}};

static const hst_choice denominator_choices[] = {
    {"financial", HST_DENOMINATOR_FINANCIAL, false},
    {"calendar", HST_DENOMINATOR_CALENDAR, false},
    {"interpolate", HST_DENOMINATOR_INTERPOLATE, false},
    {NULL, 0, false}};

static const hst_choice format_choices[] = {
    {"csv", 0, false}, {"sqlite", 1, true}, {"xlsx", 2, true}, {"html", 3, true}, {NULL, 0, false}};

static const hst_choice disclosure_choices[] = {
    {"none", 0, false}, {"hes2018", 1, false}, {NULL, 0, false}};

static const hst_choice latest_choices[] = {
    {"link", 0, false}, {"copy", 1, false}, {NULL, 0, false}};

/* Codes of hes-fields: a code that does not exist would silently count nothing. */
static const hst_choice method_choices[] = {{"emergency", 0, false},
                                            {"elective", 0, false},
                                            {"maternity", 0, false},
                                            {"transfer", 0, false},
                                            {"non_elective", 0, false},
                                            {"all", 0, false},
                                            {"11", 0, false},
                                            {"12", 0, false},
                                            {"13", 0, false},
                                            {"21", 0, false},
                                            {"22", 0, false},
                                            {"23", 0, false},
                                            {"24", 0, false},
                                            {"25", 0, false},
                                            {"28", 0, false},
                                            {"2A", 0, false},
                                            {"2B", 0, false},
                                            {"2C", 0, false},
                                            {"2D", 0, false},
                                            {"31", 0, false},
                                            {"32", 0, false},
                                            {"81", 0, false},
                                            {"82", 0, false},
                                            {"83", 0, false},
                                            {"84", 0, false},
                                            {"89", 0, false},
                                            {"98", 0, false},
                                            {"99", 0, false},
                                            {NULL, 0, false}};

static const hst_choice sex_choices[] = {{"1", 0, false}, {"2", 0, false}, {"0", 0, false},
                                         {"3", 0, false}, {"9", 0, false}, {"X", 0, false},
                                         {NULL, 0, false}};

static const hst_choice class_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                           {"4", 0, false}, {"5", 0, false}, {"8", 0, false},
                                           {"9", 0, false}, {NULL, 0, false}};

static const hst_choice episode_type_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                                  {"4", 0, false}, {"5", 0, false}, {"6", 0, false},
                                                  {NULL, 0, false}};

static const hst_choice discharge_choices[] = {
    {"1", 0, false}, {"2", 0, false}, {"3", 0, false}, {"4", 0, false}, {"5", 0, false},
    {"6", 0, false}, {"7", 0, false}, {"8", 0, false}, {"9", 0, false}, {NULL, 0, false}};

static const hst_choice quintile_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                              {"4", 0, false}, {"5", 0, false}, {NULL, 0, false}};

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
#define LATER(parent, key, meaning)                                                                \
    ROW(parent, HST_KEY_TEXT, key, false, NULL, HST_N_GROUPS, NULL, meaning, true)

const hst_schema_key hst_schema[] = {
    KEY(STUDY, SLUG, "study", HST_REQUIRED, "name of the study, used in file names"),
    KEY(STUDY, TEXT, "title", NULL, "title of the study; without one its name"),
    MAPPING(STUDY, "period", PERIOD, HST_REQUIRED, "the time studied, both days included"),
    KEY(STUDY, PATH, "store", ".hestia-store",
        "directory of the store; one store serves many studies"),
    MAPPINGS(STUDY, "extracts", EXTRACT, HST_REQUIRED, "the files to be read"),
    MAPPING(STUDY, "spells", SPELLS, NULL, "rules that join episodes into spells"),
    CHOICE(STUDY, "duplicates", duplicate_choices, "nhsd", "rule that finds duplicated rows"),
    MAPPING(STUDY, "areas", AREAS, NULL, "which areas, their names, sites and comparators"),
    MAPPING(STUDY, "providers", PROVIDERS, NULL, "names of providers"),
    LIST(STUDY, PATH, "population", NULL,
         "population files: `area,year,sex,age_lower,age_upper,population` (999 = open), Nomis, "
         "ONS MYEB1 or ONS wide by age; needed by rates"),
    KEY(STUDY, TEXT, "standard_population", "esp2013",
        "esp1976, esp1976_19, esp2013, esp2013_21, who2000, or a file "
        "`age_lower,age_upper,weight`"),
    CHOICE(STUDY, "standardise_by", standardise_choices, "age_sex",
           "strata of directly standardised rates"),
    CHOICE(STUDY, "denominator_year", denominator_choices, "financial",
           "year of the mid-year population: `financial` is the calendar year in which the "
           "financial year starts"),
    LATER(STUDY, "deprivation", "file `area,imd`, for `acs_score`"),
    KEY(STUDY, PATH, "code_lists", NULL,
        "condition sets of your own, `set,system,code_prefix,positions,note`; the built-in ones "
        "are always there"),
    LATER(STUDY, "cohorts", "groups of people found by a condition or a file"),
    MAPPING(STUDY, "measure_defaults", DEFAULTS, NULL,
            "keys of a measure that hold for every measure which does not give them itself; a "
            "measure's own value replaces the whole of the default's"),
    MAPPINGS(STUDY, "measures", MEASURE, HST_REQUIRED, "what is counted"),
    LATER(STUDY, "reported", "numbers from elsewhere, set beside ours"),
    LATER(STUDY, "impact", "services and the comparisons that judge them"),
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
    CHOICE(EXTRACT, "separator", separator_choices, "auto", "character between fields"),
    KEY(EXTRACT, TEXT, "header", "auto",
        "a file that holds the header line, when the extracts have none; `auto`: their first "
        "line"),
    KEY(EXTRACT, NAMES, "columns", NULL,
        "role (`area`, `person` or a field's name) to header name, where the built-in aliases do "
        "not find the column"),
    MAPPINGS(EXTRACT, "side_files", SIDE_FILE, NULL, "columns that were delivered separately"),
    CHOICE(EXTRACT, "cuts", cuts_choices, "newest",
           "of several cumulative cuts of one data year the newest counts, or all"),

    LIST(SIDE_FILE, PATH, "files", HST_REQUIRED, "files or patterns"),
    KEY(SIDE_FILE, TEXT, "key", HST_REQUIRED, "column that both files hold, for example EPIKEY"),
    LIST(SIDE_FILE, TEXT, "columns", HST_REQUIRED, "columns taken from the side file"),

    CHOICE(SPELLS, "rule", spell_choices, "nhsd",
           "rule of provider spells; measures of admissions and episodes do not depend on it"),
    CHOICE(SPELLS, "cips", spell_choices, "nhsd",
           "rule of continuous inpatient spells; measures of admissions and episodes do not "
           "depend on it"),

    KEY(AREAS, TEXT, "type", "pct",
        "pct, la or lsoa; or a word of your own when `field` names the column"),
    LIST(AREAS, TEXT, "field", NULL,
         "area columns in order of preference, families or exact names; without it by type"),
    KEY(AREAS, PATH, "lookup", NULL,
        "file `code_from,valid_from,valid_to,code_to,share` that brings codes to one set of "
        "areas"),
    KEY(AREAS, PATH, "names", NULL, "file `code,name`; it is then the list of areas"),
    LIST(AREAS, TEXT, "sites", NULL, "codes of the areas under study"),
    MAPPINGS(AREAS, "comparators", COMPARATOR, NULL,
             "what the areas are compared with; the first one is the one of `compared`"),

    KEY(COMPARATOR, TEXT, "name", HST_REQUIRED, "name in the results"),
    CHOICE(COMPARATOR, "areas", comparator_area_choices, NULL, "all areas together"),
    KEY(COMPARATOR, TEXT, "population_area", NULL,
        "row of the population file for the whole, with `areas: all`"),
    KEY(COMPARATOR, PATH, "file", NULL, "file `area,comparator[,weight]`, instead of `areas`"),

    KEY(PROVIDERS, PATH, "names", NULL, "file `code,name`, for results split by provider"),
    LATER(PROVIDERS, "merge", "file of merged trusts"),

    KEY(MEASURE, ID, "id", HST_REQUIRED, "name of the measure, once in a study"),
    KEY(MEASURE, TEXT, "title", NULL, "title; without one the id"),
    CHOICE(MEASURE, "dataset", measure_dataset_choices, "apc", "data set that is counted"),
    CHOICE(MEASURE, "unit", hst_unit_choices, "admission",
           "episode: a finished consultant episode; admission: a finished first episode, dated by "
           "ADMIDATE"),
    MAPPING(MEASURE, "where", WHERE, NULL, "which records count; without it all"),
    CHOICE(MEASURE, "statistic", hst_statistic_choices, HST_REQUIRED,
           "count; crude_rate; dsr: directly standardised rate"),
    CHOICES(MEASURE, "by", by_choices, "quarter", "lengths of period; years are financial years"),
    MAPPING(MEASURE, "period", PERIOD, NULL, "the measure's own time inside the study's"),
    CHOICE(MEASURE, "date", date_choices, "admission", "which date puts a record into a period"),
    CHOICE(MEASURE, "split", hst_split_choices, "none",
           "counts for each value as well; the total is always there"),
    CHOICE(MEASURE, "interval", hst_interval_choices, NULL,
           "confidence limits: for dsr dobson-byar (default), dobson-exact, fay-feuer, tiwari, "
           "mid-p, normal; for crude_rate byar (default: exact below 10 events), exact"),
    LIST(MEASURE, NUMBER, "confidence", "95", "95, or [95, 99.8]"),
    KEY(MEASURE, NUMBER, "per", "100000", "rates are for so many people"),
    KEY(MEASURE, BOOL, "annualise", "false",
        "true: rates for a year, by person-years, instead of for the period"),
    LATER(MEASURE, "per_working_day", "counts for each working day"),
    CHOICE(MEASURE, "direction", hst_direction_choices, "neutral",
           "makes `compared` say better or worse"),
    MAPPINGS(MEASURE, "exclude_providers", EXCLUDED_PROVIDER, NULL,
             "providers left out, each with its reason"),
    KEY(MEASURE, TEXT, "figure", NULL, "figure of a publication that the measure stands for"),
    KEY(MEASURE, WHOLE, "min_events", "10",
        "a dsr with fewer events is given without value and limits"),
    LATER(MEASURE, "file", "file of a measure with `dataset: table`"),
    LATER(MEASURE, "days", "readmission within so many days"),
    LATER(MEASURE, "base", "base year of growth"),
    LATER(MEASURE, "bed_days", "discharge or placed"),
    LATER(MEASURE, "los_cap", "longest stay counted"),
    LATER(MEASURE, "los_min", "shortest stay counted"),
    LATER(MEASURE, "reference", "areas and year of the reference of isr and smr"),

    CHOICES(WHERE, "admission_method", method_choices, NULL,
            "emergency (21-25, 28, 2A-2D), elective (11-13), maternity (31, 32), transfer (81), "
            "non_elective (all but elective, 98, 99 and empty), all, or single codes"),
    CHOICE(WHERE, "transfers", transfer_choices, "include",
           "exclude: without methods 2B, 81 and sources 51-53"),
    LIST(WHERE, TEXT, "condition", NULL,
         "condition sets, built in or of `code_lists`; several mean any of them, counted once"),
    CHOICE(WHERE, "positions", positions_choices, NULL,
           "diagnosis positions read; without it those of the set"),
    CHOICE(WHERE, "episode", episode_choices, "first",
           "episode of the stay whose condition counts"),
    LIST(WHERE, TEXT, "procedure", NULL, "procedure sets or OPCS-4 code beginnings"),
    KEY(WHERE, RANGE, "age", NULL, "[from, to], both included"),
    CHOICES(WHERE, "sex", sex_choices, NULL, "1 male, 2 female"),
    CHOICES(WHERE, "patient_class", class_choices, "[1, 2, 5]",
            "1 ordinary, 2 day case, 3 and 4 regular attenders, 5 mother and baby"),
    CHOICES(WHERE, "episode_type", episode_type_choices, NULL, "EPITYPE"),
    LIST(WHERE, TEXT, "specialty", NULL, "treatment function; before April 2004 MAINSPEF"),
    LIST(WHERE, TEXT, "main_specialty", NULL, "MAINSPEF"),
    LIST(WHERE, TEXT, "provider", NULL, "provider codes"),
    LIST(WHERE, TEXT, "gp_practice", NULL, "practice codes"),
    LIST(WHERE, TEXT, "ethnicity", NULL, "ETHNOS"),
    CHOICES(WHERE, "deprivation_quintile", quintile_choices, NULL, "1 most deprived, 5 least"),
    CHOICES(WHERE, "discharge_method", discharge_choices, NULL, "DISMETH"),
    LIST(WHERE, TEXT, "discharge_destination", NULL, "DISDEST"),
    LIST(WHERE, TEXT, "admission_source", NULL, "ADMISORC"),
    KEY(WHERE, RANGE, "length_of_stay", NULL, "[from, to] in days, both included"),
    LATER(WHERE, "attended", "outpatients: ATTENDED"),
    LATER(WHERE, "first_attendance", "outpatients: FIRSTATT"),
    LATER(WHERE, "department", "accident and emergency: AEDEPTTYPE"),
    LATER(WHERE, "attendance_category", "accident and emergency: AEATTENDCAT"),
    LATER(WHERE, "cohort", "members of a cohort"),
    LATER(WHERE, "not_cohort", "everybody but the members of a cohort"),
    MAPPINGS(WHERE, "any", WHERE, NULL,
             "several filters of which one must hold; joined to the other keys by and"),

    KEY(EXCLUDED_PROVIDER, TEXT, "code", HST_REQUIRED, "provider code"),
    LIST(EXCLUDED_PROVIDER, TEXT, "areas", NULL, "only in these areas; without it in all"),
    KEY(EXCLUDED_PROVIDER, TEXT, "reason", NULL, "why, for the audit"),

    KEY(QUALITY, NUMBER, "max_rejected", "0.001", "share of rows of a file that cannot be read"),
    KEY(QUALITY, NUMBER, "max_unknown_area", "0.05", "share of rows of a file without area"),
    LATER(QUALITY, "max_row_drop", "share of rows by which a cut may fall short of the one before"),

    KEY(BREAKS, BOOL, "screen", "false", "looks for recording breaks"),

    KEY(PUBLISH, PATH, "directory", "results", "directory of the results"),
    CHOICES(PUBLISH, "formats", format_choices, "csv", "kinds of result files"),
    ROW(PUBLISH, HST_KEY_CHOICE_OR_MAPPING, "disclosure", false, disclosure_choices,
        HST_GROUP_DISCLOSURE, "hes2018",
        "disclosure control; this version has only `none`, which must be written, and is for work "
        "that "
        "stays inside a safe environment",
        false),
    KEY(PUBLISH, BOOL, "internal", "false", "true also writes internal/ with the true numbers"),
    CHOICE(PUBLISH, "latest", latest_choices, "link",
           "results/latest is a link to the last run, or a copy of it"),
    KEY(PUBLISH, WHOLE, "keep", "30", "runs kept; a run with a file KEEP in it is never removed"),

    CHOICE(DISCLOSURE, "rule", disclosure_choices, HST_REQUIRED, "rule by name"),
    KEY(DISCLOSURE, WHOLE, "min", NULL, "smallest number shown, with hes2018"),
    KEY(DISCLOSURE, WHOLE, "round", NULL, "rounding base of counts, with hes2018"),
    KEY(DISCLOSURE, WHOLE, "decimals", NULL, "decimals of rates, with hes2018"),
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
        [HST_GROUP_DEFAULTS] = "`measure_defaults`",
        [HST_GROUP_MEASURE] = "a measure",
        [HST_GROUP_WHERE] = "`where`",
        [HST_GROUP_EXCLUDED_PROVIDER] = "an excluded provider",
        [HST_GROUP_QUALITY] = "`quality`",
        [HST_GROUP_BREAKS] = "`breaks`",
        [HST_GROUP_PUBLISH] = "`publish`",
        [HST_GROUP_DISCLOSURE] = "`disclosure`",
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

int hst_choice_value(const hst_choice *choices, const char *name)
{
    for (size_t i = 0; choices[i].name; i++) {
        if (strcmp(choices[i].name, name) == 0) {
            return choices[i].value;
        }
    }
    return -1;
}

static const char *choice_name(const hst_choice *choices, int value)
{
    for (size_t i = 0; choices[i].name; i++) {
        if (choices[i].value == value) {
            return choices[i].name;
        }
    }
    return "";
}

const char *hst_unit_name(hst_unit unit)
{
    return choice_name(hst_unit_choices, (int)unit);
}

const char *hst_statistic_name(hst_statistic statistic)
{
    return choice_name(hst_statistic_choices, (int)statistic);
}

const char *hst_interval_name(hst_interval interval)
{
    return choice_name(hst_interval_choices, (int)interval);
}

const char *hst_split_name(hst_split split)
{
    return choice_name(hst_split_choices, (int)split);
}

const char *hst_direction_name(hst_direction direction)
{
    return choice_name(hst_direction_choices, (int)direction);
}

const char *hst_dataset_name(hst_dataset dataset)
{
    return choice_name(hst_dataset_choices, (int)dataset);
}
