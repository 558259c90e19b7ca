/* Artificial outpatient appointments and arrivals at accident and emergency departments, as rows.
 */
#include "cli/synth_row.h"

static const char *const clinic_columns[] = {
    "FYEAR",        "PARTYEAR", "ATTENDKEY",  "PSEUDO_HESID", "APPTDATE",   "APPTAGE",
    "APPTAGE_CALC", "ATENTYPE", "ATTENDANCE", "ATTENDED",     "FIRSTATT",   "OUTCOME",
    "PRIORITY",     "REFSOURC", "DIAG_4_01",  "OPERTN_4_01",  "ETHNOS",     "GPPRAC",
    "IMD04_DECILE", "LSOA01",   "MAINSPEF",   "MYDOB",        "PROCODE3",   "PROCODET",
    "SITETRET",     "PURCODE",  "RESLADST",   "RESPCT06",     "RESPCT_HIS", "SEX",
    "SUBDATE",      "TRETSPEF",
};
static const char *const arrival_columns[] = {
    "FYEAR",        "PARTYEAR",     "AEKEY",           "PSEUDO_HESID",  "ARRIVALDATE",
    "ARRIVALTIME",  "ARRIVALAGE",   "ARRIVALAGE_CALC", "AEARRIVALMODE", "AEATTENDCAT",
    "AEATTENDDISP", "AEDEPTTYPE",   "AEPATGROUP",      "AEREFSOURCE",   "AEINCLOCTYPE",
    "CONCLTIME",    "DEPTIME",      "DIAG2_01",        "DIAGSCHEME",    "ETHNOS",
    "GPPRAC",       "IMD04_DECILE", "LSOA01",          "MYDOB",         "PROCODE3",
    "PROCODET",     "SITETRET",     "PURCODE",         "RESLADST",      "RESPCT06",
    "RESPCT_HIS",   "SEX",          "SUBDATE",
};

const char *const *synth_clinic_columns(size_t *n)
{
    *n = sizeof clinic_columns / sizeof *clinic_columns;
    return clinic_columns;
}

const char *const *synth_arrival_columns(size_t *n)
{
    *n = sizeof arrival_columns / sizeof *arrival_columns;
    return arrival_columns;
}

static void count_row(synth_file_truth *truth, const synth_dirt *d)
{
    truth->rows += d->is_twice ? 2 : 1;
    truth->duplicates += d->is_twice;
    truth->no_area += d->no_area;
    truth->no_date += d->no_date;
    truth->no_age += d->no_age;
    truth->no_sex += d->no_sex;
    truth->no_person += d->no_person;
}

/* ATENTYPE, which says ATTENDED and FIRSTATT in one: four kinds of three, tele-consultations 20
 * further on. */
static unsigned attendance_type(const synth_clinic *clinic)
{
    unsigned base = clinic->attended == '5' || clinic->attended == '6'   ? 1
                    : clinic->attended == '3' || clinic->attended == '7' ? 4
                    : clinic->attended == '2'                            ? 7
                    : clinic->attended == '4'                            ? 10
                                                                         : 0;
    bool is_follow_up = clinic->first == '2' || clinic->first == '4';

    return base == 0 ? 13 : base + is_follow_up + (clinic->first >= '3' ? 20 : 0);
}

static char *write_clinic(char *at, const synth_clinic *clinic, const synth_place *place)
{
    synth_row row = {at, place->world->options.separator};
    bool is_attended = clinic->attended == '5' || clinic->attended == '6';
    size_t variant = (size_t)(clinic->key % 16);

    synth_year_cells(&row, place->year);
    synth_number(&row, clinic->key);
    synth_person_cell(&row, place);
    if (place->dirt->no_date) {
        synth_text(&row, "1800-01-01");
    } else {
        synth_date(&row, clinic->date);
    }
    synth_age_cells(&row, place, true);
    synth_number(&row, attendance_type(clinic));
    synth_char(&row, is_attended ? '1' : '0');
    synth_char(&row, clinic->attended);
    synth_char(&row, clinic->first);
    synth_char(&row, "1222222222333339"[variant]);
    synth_char(&row, "1111111111122239"[variant]);
    synth_text(&row, variant < 11 ? "03" : variant < 13 ? "01" : "05");
    synth_text(&row, "R69X");
    synth_text(&row, "-   ");
    synth_char(&row, "AAAAAAABCGHJKMNRSZ"[place->person->number % 18]);
    synth_home_cells(&row, place);
    synth_text(&row, clinic->main_specialty);
    synth_birth_cell(&row, place);
    synth_provider_cells(&row, place);
    synth_area_cells(&row, place);
    synth_sex_cell(&row, place);
    synth_date(&row, clinic->date + 20);
    synth_text(&row, clinic->specialty);
    return synth_end_row(&row);
}

char *synth_write_clinics(char *at, const synth_world *world, const synth_person *person,
                          const synth_clinics *clinics, int year, synth_file_truth *truth)
{
    for (size_t i = 0; i < clinics->n; i++) {
        const synth_clinic *clinic = &clinics->items[i];
        synth_dirt d;

        if (hst_date_financial_year(clinic->date) != year) {
            continue;
        }
        d = synth_draw_dirt(world, clinic->key);
        count_row(truth, &d);
        for (int copy = 0; copy <= d.is_twice; copy++) {
            at = write_clinic(at, clinic,
                              &(synth_place){.world = world,
                                             .person = person,
                                             .dirt = &d,
                                             .area = clinic->area,
                                             .provider = clinic->provider,
                                             .date = clinic->date,
                                             .year = year,
                                             .key = clinic->key});
        }
    }
    return at;
}

static void time_cell(synth_row *row, unsigned minute)
{
    synth_put_digits(row, minute / 60 % 24, 2);
    synth_put_digits(row, minute % 60, 2);
    synth_end_cell(row);
}

static char *write_arrival(char *at, const synth_arrival *arrival, const synth_place *place)
{
    synth_row row = {at, place->world->options.separator};
    unsigned minutes = 40 + (unsigned)(arrival->key % 190);
    size_t variant = (size_t)(arrival->key % 16);

    synth_year_cells(&row, place->year);
    synth_number(&row, arrival->key);
    synth_person_cell(&row, place);
    if (place->dirt->no_date) {
        synth_text(&row, "1800-01-01");
    } else {
        synth_date(&row, arrival->date);
    }
    time_cell(&row, arrival->minute);
    synth_age_cells(&row, place, true);
    synth_char(&row, "1111222222222229"[variant]);
    synth_char(&row, arrival->category);
    synth_text(&row, arrival->disposal);
    synth_text(&row, arrival->department);
    synth_text(&row, variant < 6 ? "60" : variant < 7 ? "10" : "80");
    synth_text(&row, variant < 10 ? "01" : variant < 14 ? "03" : "00");
    synth_text(&row, variant < 9 ? "10" : "60");
    time_cell(&row, arrival->minute + minutes);
    time_cell(&row, arrival->minute + minutes + 20);
    synth_text(&row, variant < 4 ? "" : variant < 5 ? "30" : "05");
    synth_text(&row, "01");
    synth_char(&row, "AAAAAAABCGHJKMNRSZ"[place->person->number % 18]);
    synth_home_cells(&row, place);
    synth_birth_cell(&row, place);
    synth_provider_cells(&row, place);
    synth_area_cells(&row, place);
    synth_sex_cell(&row, place);
    synth_date(&row, arrival->date + 20);
    return synth_end_row(&row);
}

char *synth_write_arrivals(char *at, const synth_world *world, const synth_person *person,
                           const synth_arrivals *arrivals, int year, synth_file_truth *truth)
{
    for (size_t i = 0; i < arrivals->n; i++) {
        const synth_arrival *arrival = &arrivals->items[i];
        synth_dirt d;

        if (hst_date_financial_year(arrival->date) != year) {
            continue;
        }
        d = synth_draw_dirt(world, arrival->key);
        count_row(truth, &d);
        for (int copy = 0; copy <= d.is_twice; copy++) {
            at = write_arrival(at, arrival,
                               &(synth_place){.world = world,
                                              .person = person,
                                              .dirt = &d,
                                              .area = arrival->area,
                                              .provider = arrival->provider,
                                              .date = arrival->date,
                                              .year = year,
                                              .key = arrival->key});
        }
    }
    return at;
}
