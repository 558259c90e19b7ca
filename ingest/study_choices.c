/* Words that keys of the study file take, and how enumerations are called there. */
#include "study_internal.h"

#include <string.h>

const hst_choice hst_dataset_choices[] = {{"apc", HST_DATASET_APC, false},
                                          {"op", HST_DATASET_OP, false},
                                          {"ae", HST_DATASET_AE, false},
                                          {NULL, 0, false}};

/* A measure may also come from a table; hst_dataset has no number for that. */
const hst_choice hst_measure_dataset_choices[] = {{"apc", HST_DATASET_APC, false},
                                                  {"op", HST_DATASET_OP, false},
                                                  {"ae", HST_DATASET_AE, false},
                                                  {"table", 0, false},
                                                  {NULL, 0, false}};

/* Its members are found in inpatient rows, or listed in a file. */
const hst_choice hst_cohort_dataset_choices[] = {{"apc", HST_DATASET_APC, false},
                                                 {"op", HST_DATASET_OP, true},
                                                 {"ae", HST_DATASET_AE, true},
                                                 {NULL, 0, false}};

const hst_choice hst_unit_choices[] = {{"episode", HST_UNIT_EPISODE, false},
                                       {"admission", HST_UNIT_ADMISSION, false},
                                       {"spell", HST_UNIT_SPELL, false},
                                       {"cips", HST_UNIT_CIPS, false},
                                       {"attendance", HST_UNIT_ATTENDANCE, false},
                                       {"person", HST_UNIT_PERSON, false},
                                       {NULL, 0, false}};

const hst_choice hst_statistic_choices[] = {{"count", HST_STAT_COUNT, false},
                                            {"crude_rate", HST_STAT_CRUDE_RATE, false},
                                            {"dsr", HST_STAT_DSR, false},
                                            {"isr", HST_STAT_ISR, false},
                                            {"smr", HST_STAT_SMR, false},
                                            {"mean_los", HST_STAT_MEAN_LOS, false},
                                            {"std_mean_los", HST_STAT_STD_MEAN_LOS, false},
                                            {"bed_days", HST_STAT_BED_DAYS, false},
                                            {"bed_day_rate", HST_STAT_BED_DAY_RATE, false},
                                            {"readmission", HST_STAT_READMISSION, false},
                                            {"hhi", HST_STAT_HHI, false},
                                            {"growth", HST_STAT_GROWTH, false},
                                            {"acs_score", HST_STAT_ACS_SCORE, false},
                                            {NULL, 0, false}};

const hst_choice hst_interval_choices[] = {{"dobson-byar", HST_INTERVAL_DOBSON_BYAR, false},
                                           {"dobson-exact", HST_INTERVAL_DOBSON_EXACT, false},
                                           {"fay-feuer", HST_INTERVAL_FAY_FEUER, false},
                                           {"tiwari", HST_INTERVAL_TIWARI, false},
                                           {"mid-p", HST_INTERVAL_MID_P, false},
                                           {"normal", HST_INTERVAL_NORMAL, false},
                                           {"byar", HST_INTERVAL_BYAR, false},
                                           {"exact", HST_INTERVAL_EXACT, false},
                                           {"repeat-adjusted", HST_INTERVAL_REPEAT_ADJUSTED, false},
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

const hst_choice hst_by_choices[] = {{"month", HST_BY_MONTH, false},
                                     {"quarter", HST_BY_QUARTER, false},
                                     {"year", HST_BY_YEAR, false},
                                     {NULL, 0, false}};

const hst_choice hst_date_choices[] = {{"admission", HST_DATE_OF_ADMISSION, false},
                                       {"discharge", HST_DATE_OF_DISCHARGE, false},
                                       {"attendance", HST_DATE_OF_ATTENDANCE, false},
                                       {NULL, 0, false}};

const hst_choice hst_positions_choices[] = {{"primary", HST_POSITIONS_PRIMARY, false},
                                            {"first3", HST_POSITIONS_FIRST3, false},
                                            {"secondary", HST_POSITIONS_SECONDARY, false},
                                            {"any", HST_POSITIONS_ANY, false},
                                            {NULL, 0, false}};

const hst_choice hst_episode_choices[] = {{"first", HST_EPISODE_FIRST, false},
                                          {"last", HST_EPISODE_LAST, false},
                                          {"any", HST_EPISODE_ANY, false},
                                          {NULL, 0, false}};

const hst_choice hst_bed_days_choices[] = {
    {"discharge", 0, false}, {"placed", 1, false}, {NULL, 0, false}};

const hst_choice hst_transfer_choices[] = {
    {"include", 0, false}, {"exclude", 1, false}, {NULL, 0, false}};

const hst_choice hst_separator_choices[] = {{"auto", 0, false},
                                            {"comma", ',', false},
                                            {"pipe", '|', false},
                                            {"tab", '\t', false},
                                            {NULL, 0, false}};

const hst_choice hst_cuts_choices[] = {{"newest", 1, false}, {"all", 0, false}, {NULL, 0, false}};

const hst_choice hst_spell_choices[] = {
    {"nhsd", 0, false}, {"york", 1, false}, {"supplied", 2, false}, {NULL, 0, false}};

/* `supplied` is here so that its refusal can say why. */
const hst_choice hst_cips_choices[] = {{"nhsd", 0, false},
                                       {"york", 1, false},
                                       {"none", 2, false},
                                       {"supplied", HST_CIPS_SUPPLIED, false},
                                       {NULL, 0, false}};

const hst_choice hst_window_choices[] = {{"all", 0, false}, {NULL, 0, false}};

const hst_choice hst_duplicate_choices[] = {
    {"nhsd", 0, false}, {"none", 1, false}, {"hf", 2, false}, {NULL, 0, false}};

const hst_choice hst_comparator_area_choices[] = {{"all", 0, false}, {NULL, 0, false}};

const hst_choice hst_standardise_choices[] = {
    {"age_sex", 1, false}, {"age", 0, false}, {NULL, 0, false}};

const hst_choice hst_denominator_choices[] = {{"financial", HST_DENOMINATOR_FINANCIAL, false},
                                              {"calendar", HST_DENOMINATOR_CALENDAR, false},
                                              {"interpolate", HST_DENOMINATOR_INTERPOLATE, false},
                                              {NULL, 0, false}};

const hst_choice hst_format_choices[] = {{"csv", 0, false},
                                         {"sqlite", 1, false},
                                         {"xlsx", 2, false},
                                         {"html", 3, false},
                                         {NULL, 0, false}};

const hst_choice hst_disclosure_choices[] = {
    {"none", 0, false}, {"hes2018", 1, false}, {NULL, 0, false}};

const hst_choice hst_total_choices[] = {
    {"rounded", 0, false}, {"exact", 1, false}, {NULL, 0, false}};

const hst_choice hst_latest_choices[] = {{"link", 0, false}, {"copy", 1, false}, {NULL, 0, false}};

const hst_choice hst_impact_method_choices[] = {
    {"pre_post", HST_IMPACT_PRE_POST, false},
    {"trend", HST_IMPACT_TREND, false},
    {"its", HST_IMPACT_ITS, false},
    {"did", HST_IMPACT_DID, false},
    {"synthetic_control", HST_IMPACT_SYNTHETIC_CONTROL, false},
    {"spc", HST_IMPACT_SPC, false},
    {NULL, 0, false}};

const hst_choice hst_expected_choices[] = {{"lower", HST_EXPECTED_LOWER, false},
                                           {"higher", HST_EXPECTED_HIGHER, false},
                                           {"none", HST_EXPECTED_NONE, false},
                                           {NULL, 0, false}};

const hst_choice hst_its_model_choices[] = {
    {"auto", HST_MODEL_AUTO, false},       {"ols", HST_MODEL_OLS, false},
    {"poisson", HST_MODEL_POISSON, false}, {"quasipoisson", HST_MODEL_QUASIPOISSON, false},
    {"negbin", HST_MODEL_NEGBIN, false},   {NULL, 0, false}};

const hst_choice hst_its_season_choices[] = {{"auto", HST_SEASON_AUTO, false},
                                             {"none", HST_SEASON_NONE, false},
                                             {"dummies", HST_SEASON_DUMMIES, false},
                                             {"fourier", HST_SEASON_FOURIER, false},
                                             {NULL, 0, false}};

const hst_choice hst_its_error_choices[] = {{"robust", HST_ERRORS_ROBUST, false},
                                            {"newey-west", HST_ERRORS_NEWEY_WEST, false},
                                            {"model", HST_ERRORS_MODEL, false},
                                            {NULL, 0, false}};

const hst_choice hst_trend_error_choices[] = {{"ols", HST_TREND_BY_OLS, false},
                                              {"newey-west", HST_TREND_BY_NEWEY_WEST, false},
                                              {"prais-winsten", HST_TREND_BY_PRAIS_WINSTEN, false},
                                              {NULL, 0, false}};

const hst_choice hst_did_variance_choices[] = {{"placebo", HST_DID_BY_PLACEBO, false},
                                               {"model", HST_DID_BY_MODEL, false},
                                               {"quasi", HST_DID_BY_QUASI, false},
                                               {"cluster", HST_DID_BY_CLUSTER, false},
                                               {NULL, 0, false}};

const hst_choice hst_did_model_choices[] = {
    {"two-way", 0, false}, {"pooled", 1, false}, {NULL, 0, false}};

const hst_choice hst_pre_post_choices[] = {{"exact", HST_PRE_POST_EXACT, false},
                                           {"wald", HST_PRE_POST_WALD, false},
                                           {"mid-p", HST_PRE_POST_MID_P, false},
                                           {NULL, 0, false}};

/* Codes of hes-fields: a code that does not exist would silently count nothing. */
const hst_choice hst_method_choices[] = {{"emergency", 0, false},
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

const hst_choice hst_sex_choices[] = {{"1", 0, false}, {"2", 0, false}, {"0", 0, false},
                                      {"3", 0, false}, {"9", 0, false}, {"X", 0, false},
                                      {NULL, 0, false}};

const hst_choice hst_class_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                        {"4", 0, false}, {"5", 0, false}, {"8", 0, false},
                                        {"9", 0, false}, {NULL, 0, false}};

const hst_choice hst_episode_type_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                               {"4", 0, false}, {"5", 0, false}, {"6", 0, false},
                                               {NULL, 0, false}};

const hst_choice hst_discharge_choices[] = {
    {"1", 0, false}, {"2", 0, false}, {"3", 0, false}, {"4", 0, false}, {"5", 0, false},
    {"6", 0, false}, {"7", 0, false}, {"8", 0, false}, {"9", 0, false}, {NULL, 0, false}};

const hst_choice hst_quintile_choices[] = {{"1", 0, false}, {"2", 0, false}, {"3", 0, false},
                                           {"4", 0, false}, {"5", 0, false}, {NULL, 0, false}};

const hst_choice hst_attended_choices[] = {{"5", 0, false}, {"6", 0, false}, {"7", 0, false},
                                           {"2", 0, false}, {"3", 0, false}, {"4", 0, false},
                                           {"9", 0, false}, {NULL, 0, false}};

const hst_choice hst_first_attendance_choices[] = {
    {"1", 0, false}, {"2", 0, false}, {"3", 0, false}, {"4", 0, false},
    {"9", 0, false}, {"X", 0, false}, {NULL, 0, false}};

const hst_choice hst_department_choices[] = {
    {"01", 0, false}, {"02", 0, false}, {"03", 0, false}, {"04", 0, false}, {"99", 0, false},
    {"1", 0, false},  {"2", 0, false},  {"3", 0, false},  {"4", 0, false},  {NULL, 0, false}};

const hst_choice hst_attendance_category_choices[] = {
    {"1", 0, false}, {"2", 0, false}, {"3", 0, false}, {"9", 0, false}, {NULL, 0, false}};

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

const char *hst_impact_method_name(hst_impact_method method)
{
    return choice_name(hst_impact_method_choices, (int)method);
}

const char *hst_expected_name(hst_expected expected)
{
    return choice_name(hst_expected_choices, (int)expected);
}

void hst_impact_options_describe(char text[HST_IMPACT_OPTIONS_BYTES],
                                 const hst_impact_options *options, hst_impact_method method)
{
    char lag[32];
    long number = method == HST_IMPACT_TREND ? options->trend_lag : options->its_lag;

    text[0] = '\0';
    if (number < 0) {
        snprintf(lag, sizeof lag, "by rule");
    } else {
        snprintf(lag, sizeof lag, "%ld", number);
    }
    if (method == HST_IMPACT_ITS) {
        bool has_lag = options->its_errors != HST_ERRORS_MODEL;

        snprintf(text, HST_IMPACT_OPTIONS_BYTES, "model %s, season %s, errors %s%s%s, slope %s",
                 choice_name(hst_its_model_choices, (int)options->its_model),
                 choice_name(hst_its_season_choices, (int)options->its_season),
                 choice_name(hst_its_error_choices, (int)options->its_errors),
                 has_lag ? ", lag " : "", has_lag ? lag : "",
                 options->its_slope ? "true" : "false");
    } else if (method == HST_IMPACT_TREND) {
        bool has_lag = options->trend_errors == HST_TREND_BY_NEWEY_WEST;

        snprintf(text, HST_IMPACT_OPTIONS_BYTES, "errors %s%s%s",
                 choice_name(hst_trend_error_choices, (int)options->trend_errors),
                 has_lag ? ", lag " : "", has_lag ? lag : "");
    } else if (method == HST_IMPACT_DID) {
        snprintf(text, HST_IMPACT_OPTIONS_BYTES, "model %s, variance %s",
                 choice_name(hst_did_model_choices, options->did_pooled),
                 choice_name(hst_did_variance_choices, (int)options->did_variance));
    } else if (method == HST_IMPACT_PRE_POST) {
        snprintf(text, HST_IMPACT_OPTIONS_BYTES, "interval %s",
                 choice_name(hst_pre_post_choices, (int)options->pre_post_interval));
    } else if (method == HST_IMPACT_SPC) {
        snprintf(text, HST_IMPACT_OPTIONS_BYTES, "screen %s",
                 options->spc_unscreened ? "false" : "true");
    }
}

bool hst_statistic_of_stays(hst_statistic statistic)
{
    return statistic == HST_STAT_MEAN_LOS || statistic == HST_STAT_STD_MEAN_LOS ||
           statistic == HST_STAT_BED_DAYS || statistic == HST_STAT_BED_DAY_RATE ||
           statistic == HST_STAT_READMISSION;
}
