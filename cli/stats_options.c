/* hestia stats: the command line. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

enum {
    KEY_BY = 0x2001,
    KEY_COLUMN,
    KEY_WHERE,
    KEY_SKIP_BAD,
    /* Options that only some methods take, in the order of the bits of stats_option. */
    KEY_STANDARD,
    KEY_STANDARDISE_BY,
    KEY_INTERVAL,
    KEY_PER,
    KEY_MIN_EVENTS,
    KEY_CONFIDENCE,
    KEY_REFERENCE,
    KEY_STRATA,
    KEY_BY_RANK,
    KEY_CAP,
    KEY_TRIM,
    KEY_POPULATION,
    KEY_BASE,
    KEY_WEIGHTS,
    KEY_RULE,
    KEY_CIPS,
    KEY_LEDGER,
    /* Options of the methods on series, in the order of the bits of stats_series_option. */
    KEY_SE,
    KEY_LAG,
    KEY_AR1,
    KEY_INTERVENTION,
    KEY_PHASE_IN,
    KEY_MODEL,
    KEY_SEASON,
    KEY_CYCLE,
    KEY_COUNTERFACTUAL,
    KEY_VARIANCE,
    KEY_ADJUST,
    KEY_PLACEBO,
    KEY_REBASE,
    KEY_SCREEN,
    KEY_DIRECTION,
    KEY_TYPE,
    KEY_OVERDISPERSION,
    KEY_MAX_BREAKS,
    KEY_POWER,
    KEY_ALPHA,
    KEY_AFTER,
    KEY_EFFECT,
    KEY_FIX,
};

static unsigned bit_of(int key)
{
    return key >= KEY_STANDARD && key <= KEY_LEDGER ? 1u << (key - KEY_STANDARD) : 0;
}

static unsigned series_bit_of(int key)
{
    return key >= KEY_SE && key <= KEY_FIX ? 1u << (key - KEY_SE) : 0;
}

static const struct argp_option argp_options[] = {
    {"by", KEY_BY, "COL,COL", 0, "One result for each group of these columns", 1},
    {"column", KEY_COLUMN, "NAME=COL", 0, "The method's column NAME is called COL in the table", 1},
    {"where", KEY_WHERE, "COL=VALUE", 0,
     "Only rows with this text in a column (COL!=VALUE: another); all that are given must hold", 1},
    {"confidence", KEY_CONFIDENCE, "95,99.8", 0, "Confidence levels in percent", 1},
    {"skip-bad", KEY_SKIP_BAD, NULL, 0, "Leave out rows that cannot be used", 1},
    {"per", KEY_PER, "N|none", 0,
     "Multiplier (dsr, dsr-ratio, rate, isr, pre-post 100000; bed-day-rate 1000; proportion "
     "100; smr 1)",
     2},
    {"interval", KEY_INTERVAL, "NAME", 0,
     "dsr: dobson-byar, dobson-exact, fay-feuer, tiwari, mid-p, normal, repeat-adjusted; rate, "
     "poisson: auto, byar, exact; bed-day-rate: dobson-byar, normal, log, gamma; pre-post: "
     "exact, wald, mid-p",
     2},
    {"standard", KEY_STANDARD, "NAME|FILE", 0,
     "dsr: esp1976, esp1976_19, esp2013, esp2013_21, who2000 or a file "
     "age_lower,age_upper,weight; std-mean-los: a file [sex,]age_lower,weight",
     2},
    {"standardise-by", KEY_STANDARDISE_BY, "age|age_sex", 0, "dsr: strata (default age)", 2},
    {"min-events", KEY_MIN_EVENTS, "N", 0, "dsr: fewer events give no rate (default 10)", 2},
    {"reference", KEY_REFERENCE, "FILE|pooled", 0,
     "isr, smr: a file of strata with ref_events and ref_population, or all rows of the table "
     "added "
     "up",
     2},
    {"strata", KEY_STRATA, "COL,COL", 0,
     "isr, smr: columns that tell strata apart (default: those of the reference's file; pooled: "
     "sex, age_lower, age, age_band)",
     2},
    {"by-rank", KEY_BY_RANK, NULL, 0, "acs-score: by rank, not by the residual's size", 2},
    {"cap", KEY_CAP, "DAYS", 0, "mean-los, std-mean-los, bed-day-rate: longer stays count as DAYS",
     2},
    {"trim", KEY_TRIM, "SHARE", 0,
     "mean-los: share of stays left out at each end of the trimmed mean (default 0.05); breaks: "
     "least share of the series in a part (0.15); funnel: share of units trimmed at each end "
     "(0.1)",
     2},
    {"population", KEY_POPULATION, "FILE", 0,
     "bed-day-rate: a file with columns of --by and population", 2},
    {"base", KEY_BASE, "PERIOD", 0, "growth: the period of 100 (default: each group's first)", 2},
    {"weights", KEY_WEIGHTS, "FILE", 0, "site-score: a file component,weight[,invert]", 2},
    {"rule", KEY_RULE, "nhsd|york|supplied", 0, "spells: how episodes are joined (default nhsd)",
     2},
    {"cips", KEY_CIPS, "nhsd|york|none", 0,
     "spells: how spells are linked to continuous ones (default nhsd)", 2},
    {"ledger", KEY_LEDGER, "FILE", 0, "spells: also write what the rules made and refused", 2},
    {"intervention", KEY_INTERVENTION, "T[,T]", 0, "its: first t of each new level", 3},
    {"phase-in", KEY_PHASE_IN, "T,T", 0, "its: points from the first to the last T are left out",
     3},
    {"model", KEY_MODEL, "NAME", 0,
     "its: ols, poisson, quasipoisson, negbin; did: two-way, pooled; breaks: level-trend, level; "
     "power: before-after (default), trend, its",
     3},
    {"se", KEY_SE, "NAME", 0,
     "trend, its: standard errors, ols (its: model) or newey-west; its: robust", 3},
    {"lag", KEY_LAG, "L", 0, "trend, its: lags of newey-west (default by the number of points)", 3},
    {"ar1", KEY_AR1, "NAME", OPTION_ARG_OPTIONAL,
     "trend: errors that follow each other: prais-winsten (the default), prais-winsten-two-step or "
     "cochrane-orcutt",
     3},
    {"season", KEY_SEASON, "none|dummies|fourier", 0, "its: what the season is allowed for by", 3},
    {"cycle", KEY_CYCLE, "N", 0,
     "its: points a year (default 4); power: the same (default: no season)", 3},
    {"counterfactual", KEY_COUNTERFACTUAL, NULL, 0,
     "its: what happened and what would have, point by point", 3},
    {"variance", KEY_VARIANCE, "NAME", 0,
     "did: model, quasi, cluster, hc0, placebo (default cluster; quasi with fewer than five "
     "treated areas)",
     3},
    {"adjust", KEY_ADJUST, "none|g|hc1", 0,
     "did: small-sample factor of cluster (default g); trend, its: of newey-west, hc1 (default) or "
     "none",
     3},
    {"placebo", KEY_PLACEBO, NULL, 0, "synthetic-control: every donor in the treated one's place",
     3},
    {"screen", KEY_SCREEN, "on|off", 0,
     "spc: leave moving ranges that are outliers out of the limits (default on)", 3},
    {"rebase", KEY_REBASE, "T[,T]", 0, "spc: new limits from these t on", 3},
    {"fix", KEY_FIX, "N", 0, "spc: limits from the first N points (of each rebasing)", 3},
    {"direction", KEY_DIRECTION, "NAME", 0,
     "spc: lower_is_better, higher_is_better or neutral (default): judges special causes by it", 3},
    {"type", KEY_TYPE, "ratio|proportion|rate|person-time", 0,
     "funnel: what the units are (default ratio)", 3},
    {"overdispersion", KEY_OVERDISPERSION, "none|shmi|cqc", 0,
     "funnel: how it is allowed for (default none)", 3},
    {"max-breaks", KEY_MAX_BREAKS, "N", 0, "breaks: at most so many (default 5)", 3},
    {"power", KEY_POWER, "P", 0, "power: chance to see the effect (default 0.8)", 3},
    {"alpha", KEY_ALPHA, "A", 0, "power: two-sided chance to see one that is not there (0.05)", 3},
    {"after", KEY_AFTER, "N", 0, "power: points after (default: as many as before)", 3},
    {"effect", KEY_EFFECT, "E", 0, "power: relative effect of interest (default 0.10)", 3},
    {0},
};

static bool parse_positive(const char *text, double *out)
{
    char *end = NULL;

    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+")] != '\0') {
        return false;
    }
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out) && *out > 0;
}

/* "95,99.8" into levels and the names of their columns. */
static bool parse_confidence(stats_options *options, const char *text)
{
    char level[16];

    options->n_confidence = 0;
    while (options->n_confidence < HST_MAX_CONFIDENCE) {
        size_t length = strcspn(text, ","), n = options->n_confidence, digits = 0;

        if (length == 0 || length >= sizeof level) {
            return false;
        }
        memcpy(level, text, length);
        level[length] = '\0';
        if (!parse_positive(level, &options->confidence[n]) || options->confidence[n] >= 100) {
            return false;
        }
        for (size_t i = 0; i < length; i++) {
            if (level[i] >= '0' && level[i] <= '9') {
                options->confidence_names[n][digits++] = level[i];
            }
        }
        options->confidence_names[n][digits] = '\0';
        options->n_confidence++;
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
    return false;
}

static bool parse_cap(stats_options *options, const char *text)
{
    double days = 0;

    if (!parse_positive(text, &days) || days != floor(days) || days > UINT32_MAX) {
        return false;
    }
    options->cap = (uint32_t)days;
    return true;
}

static bool parse_trim(stats_options *options, const char *text)
{
    options->trim = 0;
    return strcmp(text, "0") == 0 || (parse_positive(text, &options->trim) && options->trim <= 0.5);
}

static error_t parse_argument(stats_options *options, char *argument, struct argp_state *state)
{
    if (!options->method) {
        options->method = argument;
    } else if (!options->table) {
        options->table = argument;
    } else {
        argp_error(state, "one method and one table, please");
        return EINVAL;
    }
    return 0;
}

/* Options that only some methods take. */
static error_t parse_own_option(int key, char *argument, struct argp_state *state)
{
    stats_options *options = state->input;

    options->given |= bit_of(key);
    switch (key) {
    case KEY_CONFIDENCE:
        if (!parse_confidence(options, argument)) {
            argp_error(state,
                       "--confidence takes up to %d levels between 0 and 100, such as 95,99.8",
                       HST_MAX_CONFIDENCE);
            return EINVAL;
        }
        return 0;
    case KEY_PER:
        options->per = 1;
        if (strcmp(argument, "none") != 0 && !parse_positive(argument, &options->per)) {
            argp_error(state, "--per takes a number above 0, or none");
            return EINVAL;
        }
        return 0;
    case KEY_INTERVAL:
        options->interval = argument;
        return 0;
    case KEY_STANDARD:
        options->standard = argument;
        return 0;
    case KEY_STANDARDISE_BY:
        options->by_sex = stats_same_name(argument, "age_sex");
        if (!options->by_sex && strcmp(argument, "age") != 0) {
            argp_error(state, "--standardise-by takes age or age_sex");
            return EINVAL;
        }
        return 0;
    case KEY_MIN_EVENTS:
        options->min_events = 0;
        if (strcmp(argument, "0") != 0 && !parse_positive(argument, &options->min_events)) {
            argp_error(state, "--min-events takes a number from 0 on");
            return EINVAL;
        }
        return 0;
    case KEY_REFERENCE:
        options->reference = argument;
        return 0;
    case KEY_STRATA:
        options->strata = argument;
        return 0;
    case KEY_BY_RANK:
        options->by_rank = true;
        return 0;
    case KEY_CAP:
        if (!parse_cap(options, argument)) {
            argp_error(state, "--cap takes a whole number of days above 0");
            return EINVAL;
        }
        return 0;
    case KEY_TRIM:
        if (!parse_trim(options, argument)) {
            argp_error(state, "--trim takes a share from 0 to 0.5");
            return EINVAL;
        }
        return 0;
    case KEY_POPULATION:
        options->population = argument;
        return 0;
    case KEY_BASE:
        options->base = argument;
        return 0;
    case KEY_WEIGHTS:
        options->weights = argument;
        return 0;
    case KEY_RULE:
        options->rule = argument;
        return 0;
    case KEY_CIPS:
        options->cips = argument;
        return 0;
    case KEY_LEDGER:
        options->ledger = argument;
        return 0;
    default:
        if (series_bit_of(key) == 0) {
            return ARGP_ERR_UNKNOWN;
        }
        options->given_series |= series_bit_of(key);
        options->series_texts[key - KEY_SE] = argument ? argument : "";
        return 0;
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    stats_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->common;
        return 0;
    case ARGP_KEY_ARG:
        return parse_argument(options, argument, state);
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which method? `hestia stats --help` names them");
        return EINVAL;
    case KEY_BY:
        options->by = argument;
        return 0;
    case KEY_COLUMN:
        if (options->n_columns == sizeof options->columns / sizeof options->columns[0] ||
            !strchr(argument, '=')) {
            argp_error(state, "--column takes NAME=COLUMN, such as events=count");
            return EINVAL;
        }
        options->columns[options->n_columns++] = argument;
        return 0;
    case KEY_WHERE:
        if (options->n_where == sizeof options->where / sizeof options->where[0] ||
            argument[strcspn(argument, "=")] == '\0') {
            argp_error(state, "--where takes COLUMN=VALUE or COLUMN!=VALUE, up to 16 times");
            return EINVAL;
        }
        options->where[options->n_where++] = argument;
        return 0;
    case KEY_SKIP_BAD:
        options->skip_bad = true;
        return 0;
    default:
        return parse_own_option(key, argument, state);
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};

static const struct argp stats_argp = {
    .options = argp_options,
    .parser = parse_option,
    .args_doc = "METHOD [TABLE]",
    .doc =
        "One statistical method on a tidy CSV (a file or standard input) gives a tidy CSV."
        "\vMethods and the columns they read: dsr (age_lower, events, population [, sex] [, "
        "weight] "
        "[, age_upper]; repeat-adjusted: eventfreq and persons in the place of events), rate (x, "
        "n), proportion (x, n), mean (x), poisson (count), isr and smr (strata, events, "
        "population), acs-score (area, observed, expected, ref_rate, imd), mean-los (los), "
        "std-mean-los (los, age [, sex]), bed-day-rate (los), hhi (area, provider, admissions), "
        "growth (period, value or t, y), site-score (area and a column for each component, or "
        "area, component, value), spells (a person identifier, EPIKEY, provider, ADMIDATE, "
        "EPISTART, "
        "EPIEND, EPIORDER, EPISTAT, ADMIMETH, ADMISORC, CLASSPAT, DISDATE, DISDEST [, DISMETH] [, "
        "PROVSPNOPS] [, SUSSPELLID], under the names that extracts give them), breaks (t, count), "
        "its (t, y or events [, population] [, season] [, treated]), trend (t, y), spc (t, y), "
        "funnel (observed, expected; proportion, rate, person-time: x, n), pre-post (pre_events, "
        "pre_persontime, post_events, post_persontime), dsr-ratio (period with pre or post, and "
        "the columns of dsr), did (area, t, treated, post, events [, population] or value), "
        "synthetic-control (t, period with pre or post, treated, and a column for each donor), "
        "power (events [, population] or y, row by row in time).",
    .children = children,
};

const char *stats_option_name(unsigned option)
{
    size_t i = 0;

    while (argp_options[i].name && bit_of(argp_options[i].key) != option) {
        i++;
    }
    return argp_options[i].name;
}

const char *stats_series_option_name(unsigned option)
{
    size_t i = 0;

    while (argp_options[i].name && series_bit_of(argp_options[i].key) != option) {
        i++;
    }
    return argp_options[i].name;
}

bool stats_same_name(const char *a, const char *b)
{
    while (*a != '\0' && (*a == '_' ? '-' : *a) == (*b == '_' ? '-' : *b)) {
        a++;
        b++;
    }
    return *a == *b;
}

hst_status stats_parse_options(stats_options *options, int argc, char **argv, hst_error *err)
{
    *options = (stats_options){
        .n_confidence = 1,
        .confidence = {95},
        .confidence_names = {"95"},
        .per = NAN,
        .min_events = 10,
        .trim = 0.05,
    };
    cli_options_init(&options->common);
    return cli_parse(&stats_argp, "hestia stats", argc, argv, options, err);
}
