/* Cells of artificial rows, with the dirt that real ones have.
 *
 * Rates of dirt, of all rows: geography missing or not England 1.5 %, sentinel dates 0.1 %, sex
 * unknown 0.1 %, age empty 0.1 %, person empty 0.05 %, exact duplicates 0.05 %, codes padded to
 * five characters 2 %; one in two hundred rows of March stands in the next year's file as well. */
#include "cli/synth_row.h"

#include <math.h>
#include <string.h>

/* ---- dirt ---- */

synth_dirt synth_draw_dirt(const synth_world *world, uint64_t key)
{
    synth_rng rng = synth_rng_of(world->options.seed ^ 0xd127, key);
    synth_dirt d = {0};

    d.no_area = synth_uniform(&rng) < 0.015;
    d.not_england = d.no_area && synth_uniform(&rng) < 0.3;
    d.no_date = synth_uniform(&rng) < 0.001;
    d.no_epistart = synth_uniform(&rng) < 0.0005;
    d.no_sex = synth_uniform(&rng) < 0.001;
    d.no_age = synth_uniform(&rng) < 0.001;
    d.no_person = synth_uniform(&rng) < 0.0005;
    d.is_twice = synth_uniform(&rng) < 0.0005;
    d.is_padded = synth_uniform(&rng) < 0.02;
    d.is_late = synth_uniform(&rng) < 0.005;
    return d;
}

synth_dirt synth_episode_dirt(const synth_world *world, const synth_history *history, size_t i)
{
    const synth_episode *episode = &history->episodes[i];
    const synth_spell *spell = &history->spells[episode->spell];
    bool goes_on = episode->spell + 1 < history->n_spells && spell[1].is_transfer;
    synth_dirt d = synth_draw_dirt(world, episode->key);

    if (spell->n_episodes > 1 || spell->is_transfer || goes_on) {
        d.no_date = d.no_epistart = d.no_person = false;
    }
    return d;
}

/* ---- cells ---- */

void synth_end_cell(synth_row *row)
{
    *row->at++ = row->separator;
}

void synth_put(synth_row *row, const char *text)
{
    while (*text) {
        *row->at++ = *text++;
    }
}

void synth_text(synth_row *row, const char *text)
{
    synth_put(row, text);
    synth_end_cell(row);
}

void synth_char(synth_row *row, char c)
{
    *row->at++ = c;
    synth_end_cell(row);
}

void synth_put_digits(synth_row *row, uint64_t number, unsigned width)
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
        *row->at++ = digits[--n];
    }
}

void synth_number(synth_row *row, uint64_t number)
{
    synth_put_digits(row, number, 1);
    synth_end_cell(row);
}

void synth_date(synth_row *row, hst_date date)
{
    int year = 0, month = 0, day = 0;

    if (date != HST_DATE_MISSING) {
        hst_date_to_civil(date, &year, &month, &day);
        synth_put_digits(row, (uint64_t)year, 4);
        *row->at++ = '-';
        synth_put_digits(row, (uint64_t)month, 2);
        *row->at++ = '-';
        synth_put_digits(row, (uint64_t)day, 2);
    }
    synth_end_cell(row);
}

char *synth_end_row(synth_row *row)
{
    row->at[-1] = '\n';
    return row->at;
}

/* ---- the cells that all data sets have ---- */

void synth_year_cells(synth_row *row, int year)
{
    synth_put_digits(row, (uint64_t)(year % 100), 2);
    synth_put_digits(row, (uint64_t)((year + 1) % 100), 2);
    synth_end_cell(row);
    synth_number(row, (uint64_t)year * 100 + 99);
}

/* 32 characters that no real identifier begins with. */
void synth_person_cell(synth_row *row, const synth_place *place)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+";
    synth_rng rng = synth_rng_of(place->world->options.seed ^ 0x5e15, place->person->number);
    uint64_t bits = 0;

    if (!place->dirt->no_person) {
        synth_put(row, "SYN");
        for (int i = 0; i < 29; i++) {
            if (i % 10 == 0) {
                bits = synth_next(&rng);
            }
            *row->at++ = alphabet[bits % 62];
            bits >>= 6;
        }
    }
    synth_end_cell(row);
}

/* Practice: Q9, area, one of twenty in it; small area: E019...; neither is a real one. */
void synth_home_cells(synth_row *row, const synth_place *place)
{
    uint64_t person = place->person->number;

    synth_put(row, "Q9");
    synth_put_digits(row, place->area, 3);
    *row->at++ = (char)('A' + person % 20);
    synth_end_cell(row);
    if (place->dirt->no_area) {
        synth_text(row, "");
        synth_text(row, "");
        return;
    }
    synth_number(row, 1 + (person * 7 + place->area) % 10);
    synth_put(row, "E019");
    synth_put_digits(row, place->area * 30 + person % 30, 5);
    synth_end_cell(row);
}

void synth_birth_cell(synth_row *row, const synth_place *place)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(place->person->birth, &year, &month, &day);
    synth_put_digits(row, (uint64_t)month, 2);
    synth_number(row, (uint64_t)year);
}

void synth_provider_cells(synth_row *row, const synth_place *place)
{
    char code[4];

    synth_provider_code(place->world, place->provider, code);
    synth_text(row, code);
    for (int i = 0; i < 2; i++) {
        synth_put(row, code);
        synth_text(row, "01");
    }
}

/* Residence on the boundaries of that day. */
static const char *code_of_the_time(const synth_place *place)
{
    size_t n = 0;
    const char *const *old = synth_old_codes(place->area, &n);

    return n == 0 || place->date >= hst_date_from_civil(2006, 10, 1)
               ? place->world->areas[place->area].code
               : old[place->person->number % n];
}

static const char *district_of(const char *code, uint64_t person)
{
    static const char *const somerset[] = {"40UB", "40UC", "40UD", "40UE", "40UF"};

    return strcmp(code, "5J6") == 0   ? "00CY"
           : strcmp(code, "5NK") == 0 ? "00CB"
           : strcmp(code, "5QL") == 0 ? somerset[person % 5]
                                      : "";
}

static void area_cell(synth_row *row, const char *code, const synth_dirt *d, size_t variant)
{
    static const char *const unknown[] = {"", "59999", "Y", "59999"};
    static const char *const elsewhere[] = {"59898", "6B5", "SHA", "59898"};

    synth_put(row, d->not_england ? elsewhere[variant] : d->no_area ? unknown[variant] : code);
    if (!d->no_area && d->is_padded) {
        synth_put(row, "00");
    }
    synth_end_cell(row);
}

bool synth_has_respct06(int year)
{
    return year >= 2006;
}

void synth_area_cells(synth_row *row, const synth_place *place)
{
    const synth_dirt *d = place->dirt;
    const char *code = place->world->areas[place->area].code;
    uint64_t person = place->person->number;
    size_t variant = (size_t)(place->key % 4);

    synth_put(row, code);
    synth_text(row, d->is_padded ? "00" : "");
    synth_text(row, d->no_area ? "" : district_of(code, person));
    if (synth_has_respct06(place->year)) {
        area_cell(row, code, d, variant);
    }
    area_cell(row, code_of_the_time(place), d, variant);
}

void synth_sex_cell(synth_row *row, const synth_place *place)
{
    synth_char(row, !place->dirt->no_sex ? place->person->sex : place->key % 4 < 2 ? '9' : '0');
}

/* 7001 to 7007 below one year; `years` receives the age with its fraction. */
static unsigned coded_age(hst_date birth, hst_date on, double *years)
{
    static const int upper_days[] = {0, 6, 28, 90, 181, 272, 366};
    static const double middles[] = {0.002, 0.010, 0.048, 0.167, 0.375, 0.625, 0.875};
    int days = on > birth ? on - birth : 0, y = 0, m = 0, d = 0, year = 0, month = 0, day = 0;
    unsigned age = 0, band = 0;

    hst_date_to_civil(birth, &y, &m, &d);
    hst_date_to_civil(birth + days, &year, &month, &day);
    age = (unsigned)(year - y - (month < m || (month == m && day < d) ? 1 : 0));
    *years = (double)days / 365.25;
    if (age > 0) {
        return age > 120 ? 120 : age;
    }
    while (days > upper_days[band] && band < 6) {
        band++;
    }
    *years = middles[band];
    return 7001 + band;
}

void synth_age_cells(synth_row *row, const synth_place *place, bool is_float)
{
    double years = 0;
    unsigned age = coded_age(place->person->birth, place->date, &years);

    if (place->dirt->no_age) {
        synth_text(row, "");
        synth_text(row, "");
        return;
    }
    synth_put_digits(row, age, 1);
    synth_text(row, is_float ? ".0" : "");
    synth_put_digits(row, (uint64_t)years, 1);
    *row->at++ = '.';
    synth_put_digits(row, (uint64_t)floor(fmod(years, 1) * 1000), 3);
    synth_end_cell(row);
}

char *synth_write_header(char *at, const char *const *columns, size_t n, int year, char separator)
{
    synth_row row = {at, separator};

    for (size_t i = 0; i < n; i++) {
        if (strcmp(columns[i], "RESPCT06") != 0 || synth_has_respct06(year)) {
            synth_text(&row, columns[i]);
        }
    }
    return synth_end_row(&row);
}
