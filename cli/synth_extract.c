/* Writes artificial extracts: the rows of HES, with the dirt that real ones have.
 *
 * Rates of dirt, of all rows: geography missing or not England 1.5 %, sentinel ADMIDATE 0.1 % and
 * EPISTART 0.05 %, sex unknown 0.1 %, age empty 0.1 %, person empty 0.05 %, exact duplicates
 * 0.05 %, codes padded to five characters 2 %; DISDATE of all but the last episode of a spell is
 * empty or 1800-01-01. Episodes open on 31 March stand as unfinished (EPISTAT 1) in that year's
 * file and, with the same EPIKEY, as finished in the next one's. */
#include "cli/synth.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/ingest.h"

enum { MAX_ROW_BYTES = 1024 };
/* A block is written out from its half on; the other half holds all rows of one person. */
static_assert(SYNTH_BLOCK_BYTES / 2 >= 2 * SYNTH_MAX_EPISODES * MAX_ROW_BYTES,
              "a person's rows fit");

static const char *const header[] = {
    "FYEAR",      "PARTYEAR",      "EPIKEY",      "PSEUDO_HESID", "ADMIDATE",      "ADMIMETH",
    "ADMISORC",   "CLASSPAT",      "DIAG_4_01",   "DIAG_4_02",    "DIAG_4_03",     "DIAG_4_04",
    "DIAG_4_05",  "DIAG_4_06",     "DIAG_4_07",   "DIAG_4_08",    "DIAG_4_09",     "DIAG_4_10",
    "DIAG_4_11",  "DIAG_4_12",     "DIAG_4_13",   "DIAG_4_14",    "DIAG_4_15",     "DIAG_4_16",
    "DIAG_4_17",  "DIAG_4_18",     "DIAG_4_19",   "DIAG_4_20",    "DIAG_4_CONCAT", "DIAG_COUNT",
    "DISDATE",    "DISDEST",       "DISMETH",     "EPIDUR",       "EPIEND",        "EPIORDER",
    "EPISTART",   "EPISTAT",       "EPITYPE",     "ETHNOS",       "FAE",           "FAE_EMERGENCY",
    "FCE",        "FDE",           "GPPRAC",      "IMD04_DECILE", "LSOA01",        "MAINSPEF",
    "MYDOB",      "OPDATE_01",     "OPERTN_4_01", "OPERTN_4_02",  "OPERTN_4_03",   "OPERTN_4_04",
    "PROCODE3",   "PROCODET",      "PROVSPNOPS",  "PURCODE",      "RESLADST",      "RESPCT06",
    "RESPCT_HIS", "SEX",           "SITETRET",    "SPELBGIN",     "SPELDUR",       "SPELEND",
    "STARTAGE",   "STARTAGE_CALC", "SUBDATE",     "SUSRECID",     "TRETSPEF",
};

/* ---- a row, cell after cell ---- */

typedef struct row {
    char *at;
    char separator;
} row;

static void end_cell(row *r)
{
    *r->at++ = r->separator;
}

static void put(row *r, const char *text)
{
    while (*text) {
        *r->at++ = *text++;
    }
}

static void text_cell(row *r, const char *text)
{
    put(r, text);
    end_cell(r);
}

static void char_cell(row *r, char c)
{
    *r->at++ = c;
    end_cell(r);
}

static void put_digits(row *r, uint64_t number, unsigned width)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && n < sizeof digits);
    while (n < width && n < sizeof digits) {
        digits[n++] = '0';
    }
    while (n > 0) {
        *r->at++ = digits[--n];
    }
}

static void number_cell(row *r, uint64_t number)
{
    put_digits(r, number, 1);
    end_cell(r);
}

static void date_cell(row *r, hst_date date)
{
    int year = 0, month = 0, day = 0;

    if (date != HST_DATE_MISSING) {
        hst_date_to_civil(date, &year, &month, &day);
        put_digits(r, (uint64_t)year, 4);
        *r->at++ = '-';
        put_digits(r, (uint64_t)month, 2);
        *r->at++ = '-';
        put_digits(r, (uint64_t)day, 2);
    }
    end_cell(r);
}

/* What is wrong with a row. */
typedef struct dirt {
    bool no_area, not_england, no_admidate, no_epistart, no_sex, no_age, no_person, is_twice,
        is_padded;
} dirt;

static dirt draw_dirt(synth_rng *rng)
{
    dirt d = {0};

    d.no_area = synth_uniform(rng) < 0.015;
    d.not_england = d.no_area && synth_uniform(rng) < 0.3;
    d.no_admidate = synth_uniform(rng) < 0.001;
    d.no_epistart = synth_uniform(rng) < 0.0005;
    d.no_sex = synth_uniform(rng) < 0.001;
    d.no_age = synth_uniform(rng) < 0.001;
    d.no_person = synth_uniform(rng) < 0.0005;
    d.is_twice = synth_uniform(rng) < 0.0005;
    d.is_padded = synth_uniform(rng) < 0.02;
    return d;
}

/* 32 characters that no real identifier begins with. */
static void person_cell(row *r, const synth_world *world, uint64_t person)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+";
    synth_rng rng = synth_rng_of(world->options.seed ^ 0x5e15, person);
    uint64_t bits = 0;

    put(r, "SYN");
    for (int i = 0; i < 29; i++) {
        if (i % 10 == 0) {
            bits = synth_next(&rng);
        }
        *r->at++ = alphabet[bits % 62];
        bits >>= 6;
    }
    end_cell(r);
}

/* STARTAGE: 7001 to 7007 below one year. */
static unsigned startage(hst_date birth, hst_date on, double *years)
{
    static const int upper_days[] = {0, 6, 28, 90, 181, 272, 366};
    int days = on - birth, y = 0, m = 0, d = 0, year = 0, month = 0, day = 0;
    unsigned age = 0;

    if (days < 0) {
        days = 0;
    }
    hst_date_to_civil(birth, &y, &m, &d);
    hst_date_to_civil(on > birth ? on : birth, &year, &month, &day);
    age = (unsigned)(year - y - (month < m || (month == m && day < d) ? 1 : 0));
    *years = (double)days / 365.25;
    if (age == 0) {
        static const double middles[] = {0.002, 0.010, 0.048, 0.167, 0.375, 0.625, 0.875};
        unsigned band = 0;

        while (days > upper_days[band] && band < 6) {
            band++;
        }
        *years = middles[band];
        return 7001 + band;
    }
    return age > 120 ? 120 : age;
}

/* "X" and two letters or digits: no real trust. The independent site has all five characters. */
static void put_provider(row *r, const synth_episode *episode)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    *r->at++ = episode->is_independent ? 'N' : 'X';
    *r->at++ = digits[episode->provider_area / 36];
    *r->at++ = digits[episode->provider_area % 36];
}

static void provider_cells(row *r, const synth_episode *episode)
{
    put_provider(r, episode);
    end_cell(r);
    put_provider(r, episode);
    put(r, "01");
    end_cell(r);
}

/* Residence on the boundaries of that day: Somerset and Wirral had other codes before October 2006.
 */
static const char *code_of_the_time(const char *code, hst_date date, uint64_t person)
{
    static const char *const somerset[] = {"5FW", "5FX", "5K1", "5K2"};
    static const char *const wirral[] = {"5H2", "5H3"};

    if (date >= hst_date_from_civil(2006, 10, 1)) {
        return code;
    }
    return strcmp(code, "5QL") == 0   ? somerset[person % 4]
           : strcmp(code, "5NK") == 0 ? wirral[person % 2]
                                      : code;
}

static void area_cell(row *r, const char *code, const dirt *d, size_t variant)
{
    static const char *const unknown[] = {"", "59999", "Y", "59999"};
    static const char *const elsewhere[] = {"59898", "6B5", "SHA", "59898"};

    put(r, d->not_england ? elsewhere[variant] : d->no_area ? unknown[variant] : code);
    if (!d->no_area && d->is_padded) {
        put(r, "00");
    }
    end_cell(r);
}

static const char *district_of(const char *code, uint64_t person)
{
    static const char *const somerset[] = {"40UB", "40UC", "40UD", "40UE", "40UF"};

    return strcmp(code, "5J6") == 0   ? "00CY"
           : strcmp(code, "5NK") == 0 ? "00CB"
           : strcmp(code, "5QL") == 0 ? somerset[person % 5]
                                      : "";
}

static bool is_emergency(const synth_episode *episode)
{
    return episode->method[0] == '2';
}

static void diagnosis_cells(row *r, const synth_episode *episode)
{
    size_t n = episode->n_diagnoses;
    bool is_quoted = r->separator == ',' && n > 1;

    for (size_t i = 0; i < SYNTH_MAX_DIAGNOSES; i++) {
        text_cell(r, i < n ? episode->diagnoses[i] : i == 1 ? "-" : "");
    }
    if (is_quoted) {
        *r->at++ = '"';
    }
    for (size_t i = 0; i < n; i++) {
        put(r, i > 0 ? "," : "");
        put(r, episode->diagnoses[i]);
    }
    if (is_quoted) {
        *r->at++ = '"';
    }
    end_cell(r);
    put_digits(r, n, 1);
    text_cell(r, ".0");
}

/* Writes one row and gives its end. */
static char *write_row(char *at, const synth_world *world, const synth_history *history,
                       const synth_episode *episode, int year, bool is_open, const dirt *d)
{
    row r = {at, world->options.separator};
    const synth_area *area = &world->areas[history->area];
    bool is_fce = !is_open && strchr("125", episode->class) != NULL;
    bool is_fae = is_fce && episode->order == 1;
    bool is_discharge = !is_open && episode->is_last;
    hst_date year_start = hst_date_from_civil(year, 4, 1), birth = history->birth;
    int birth_year = 0, birth_month = 0, birth_day = 0;
    size_t variant = (size_t)(episode->key % 4);
    double age_years = 0;
    unsigned age = startage(birth, episode->start, &age_years);

    put_digits(&r, (uint64_t)(year % 100), 2);
    put_digits(&r, (uint64_t)((year + 1) % 100), 2);
    end_cell(&r);
    number_cell(&r, (uint64_t)year * 100 + 99);
    number_cell(&r, episode->key);
    if (d->no_person) {
        end_cell(&r);
    } else {
        person_cell(&r, world, history->person);
    }
    if (d->no_admidate) {
        text_cell(&r, variant < 2 ? "1801-01-01" : "1800-01-01");
    } else {
        date_cell(&r, episode->admidate);
    }
    text_cell(&r, episode->method);
    text_cell(&r, episode->source);
    char_cell(&r, episode->class);
    diagnosis_cells(&r, episode);
    if (is_discharge) {
        date_cell(&r, episode->disdate);
    } else {
        text_cell(&r, variant == 0 ? "1800-01-01" : "");
    }
    text_cell(&r, is_discharge ? episode->destination : "98");
    text_cell(&r, is_discharge ? episode->discharge_method : "8");
    if (is_open) {
        end_cell(&r);
        end_cell(&r);
    } else {
        number_cell(&r, (uint64_t)(episode->end - episode->start));
        date_cell(&r, episode->end);
    }
    number_cell(&r, episode->order);
    if (d->no_epistart) {
        text_cell(&r, "1801-01-01");
    } else {
        date_cell(&r, episode->start);
    }
    char_cell(&r, is_open ? '1' : '3');
    char_cell(&r, episode->type);
    char_cell(&r, "AAAAAAABCGHJKMNRSZ"[history->person % 18]);
    char_cell(&r, is_fae ? '1' : '0');
    char_cell(&r, is_fae && is_emergency(episode) ? '1' : '0');
    char_cell(&r, is_fce ? '1' : '0');
    char_cell(&r, is_fce && episode->is_last ? '1' : '0');
    put(&r, "Q9"); /* practice: Q9, area, one of twenty in it; no real one */
    put_digits(&r, history->area, 3);
    *r.at++ = (char)('A' + history->person % 20);
    end_cell(&r);
    if (d->no_area) {
        end_cell(&r);
        end_cell(&r);
    } else {
        number_cell(&r, 1 + (history->person * 7 + history->area) % 10);
        put(&r, "E019"); /* no real small area */
        put_digits(&r, history->area * 30 + history->person % 30, 5);
        end_cell(&r);
    }
    text_cell(&r, episode->specialty);
    hst_date_to_civil(birth, &birth_year, &birth_month, &birth_day);
    put_digits(&r, (uint64_t)birth_month, 2);
    number_cell(&r, (uint64_t)birth_year);
    date_cell(&r, episode->n_procedures > 0 ? episode->start : HST_DATE_MISSING);
    for (size_t i = 0; i < SYNTH_MAX_PROCEDURES; i++) {
        text_cell(&r, i < episode->n_procedures ? episode->procedures[i] : i == 0 ? "-   " : "");
    }
    provider_cells(&r, episode);
    put(&r, "PS");
    put_digits(&r, history->person, 9);
    put_digits(&r, episode->spell, 3);
    end_cell(&r);
    put(&r, area->code);
    text_cell(&r, d->is_padded ? "00" : "");
    text_cell(&r, d->no_area ? "" : district_of(area->code, history->person));
    area_cell(&r, area->code, d, variant);
    area_cell(&r, code_of_the_time(area->code, episode->admidate, history->person), d, variant);
    char_cell(&r, d->no_sex ? (variant < 2 ? '9' : '0') : history->sex);
    put_provider(&r, episode);
    text_cell(&r, "01");
    char_cell(&r, episode->order > 1 ? '0' : episode->admidate < year_start ? '1' : '2');
    if (is_discharge) {
        number_cell(&r, (uint64_t)(episode->disdate - episode->admidate));
    } else {
        end_cell(&r);
    }
    char_cell(&r, is_discharge ? 'Y' : 'N');
    if (d->no_age) {
        end_cell(&r);
        end_cell(&r);
    } else {
        number_cell(&r, age);
        put_digits(&r, (uint64_t)age_years, 1);
        *r.at++ = '.';
        put_digits(&r, (uint64_t)floor(fmod(age_years, 1) * 1000), 3);
        end_cell(&r);
    }
    date_cell(&r, (is_open ? hst_date_from_civil(year + 1, 3, 31) : episode->end) + 20);
    put_digits(&r, 20000000000000u + episode->key, 14);
    end_cell(&r);
    put(&r, episode->specialty);
    *r.at++ = '\n';
    return r.at;
}

/* Adds a finished first episode to what a right study counts. */
static void count_truth(synth_truth *truth, const synth_world *world, const synth_history *history,
                        const synth_episode *episode, const dirt *d)
{
    int quarter = hst_date_financial_year(episode->admidate) - world->options.first_year;
    int year = 0, month = 0, day = 0;

    if (episode->order != 1 || !strchr("125", episode->class) || d->no_area || d->no_admidate ||
        d->no_epistart || d->no_sex || d->no_age || episode->admidate < world->first_day ||
        episode->admidate > world->last_day) {
        return;
    }
    hst_date_to_civil(episode->admidate, &year, &month, &day);
    quarter = quarter * 4 + (month + 8) % 12 / 3;
    if (is_emergency(episode)) {
        truth->counted[SYNTH_EMERGENCY][history->area][quarter]++;
        if (synth_is_effect_condition(episode->diagnoses[0])) {
            truth->counted[SYNTH_EFFECT][history->area][quarter]++;
        }
    } else if (episode->method[0] == '1') {
        truth->counted[SYNTH_ELECTIVE][history->area][quarter]++;
    }
}

/* Counts the admissions that the effect prevented in this year, by quarter. */
static void count_removed(synth_truth *truth, const synth_world *world,
                          const synth_history *history, int year)
{
    for (size_t i = 0; i < history->n_removed; i++) {
        int y = 0, month = 0, day = 0;

        if (hst_date_financial_year(history->removed[i]) == year) {
            hst_date_to_civil(history->removed[i], &y, &month, &day);
            truth->removed[(year - world->options.first_year) * 4 + (month + 8) % 12 / 3]++;
        }
    }
}

/* Writes the rows that one person has in a year's file. */
static void write_person(synth_output *out, const synth_world *world, const synth_history *history,
                         int year, synth_truth *truth)
{
    hst_date from = hst_date_from_civil(year, 4, 1), to = hst_date_from_civil(year + 1, 3, 31);

    for (size_t i = 0; i < history->n_episodes; i++) {
        const synth_episode *episode = &history->episodes[i];
        synth_rng rng = synth_rng_of(world->options.seed ^ 0xd127, episode->key);
        bool is_open = episode->start <= to && episode->end > to;
        dirt d = draw_dirt(&rng);

        if (!is_open && (episode->end < from || episode->end > to)) {
            continue;
        }
        truth->rows += d.is_twice ? 2 : 1;
        truth->unfinished += is_open;
        truth->episodes += !is_open;
        truth->duplicates += d.is_twice;
        truth->no_area += d.no_area;
        truth->no_admidate += d.no_admidate;
        truth->no_age += d.no_age;
        truth->no_sex += d.no_sex;
        truth->no_person += d.no_person;
        if (!is_open) {
            count_truth(truth, world, history, episode, &d);
        }
        for (int copy = 0; copy <= d.is_twice; copy++) {
            out->n = (size_t)(write_row(out->block + out->n, world, history, episode, year, is_open,
                                        &d) -
                              out->block);
        }
    }
    count_removed(truth, world, history, year);
}

static void write_header(synth_output *out, char separator)
{
    row r = {out->block, separator};

    for (size_t i = 0; i < sizeof header / sizeof *header; i++) {
        text_cell(&r, header[i]);
    }
    r.at[-1] = '\n';
    out->n = (size_t)(r.at - out->block);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

hst_status synth_write_extract(const synth_world *world, int year, synth_truth *truth,
                               hst_error *err)
{
    hst_status status = HST_OK;
    synth_output out = {.fd = -1};
    synth_history *history = NULL;
    uint64_t step = 2654435761u + 2 * (uint64_t)year, n = world->n_persons;

    /* people come in a scattered order, another one each year, as in real extracts */
    while (common_divisor(step, n) != 1) {
        step += 2;
    }
    history = malloc(sizeof *history);
    if (!history) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an artificial history");
    }
    status = synth_output_open(&out, &world->options, year, err);
    if (status != HST_OK) {
        goto done;
    }
    write_header(&out, world->options.separator);
    for (uint64_t i = 0, person = (uint64_t)year % n; i < n; i++, person = (person + step) % n) {
        synth_draw_history(history, world, person);
        write_person(&out, world, history, year, truth);
        if (hst_interrupt_requested()) {
            status = hst_fail(err, HST_ERR_INTERRUPTED, "%s: interrupted", out.path);
            goto done;
        }
        if (out.n >= SYNTH_BLOCK_BYTES / 2 && (status = synth_output_flush(&out, err)) != HST_OK) {
            goto done;
        }
    }
    status = synth_output_close(&out, err);

done:
    synth_output_clear(&out);
    free(history);
    return status;
}
