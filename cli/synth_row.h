/* A row of an artificial extract, cell after cell, and the cells that all data sets have. */
#ifndef HESTIA_CLI_SYNTH_ROW_H
#define HESTIA_CLI_SYNTH_ROW_H

#include "cli/synth.h"

/** A row being written; the caller has seen to it that there is room. */
typedef struct synth_row {
    char *at;
    char separator;
} synth_row;

void synth_end_cell(synth_row *row);
void synth_put(synth_row *row, const char *text); /**< without ending the cell */
void synth_put_digits(synth_row *row, uint64_t number, unsigned width);
void synth_text(synth_row *row, const char *text);
void synth_char(synth_row *row, char c);
void synth_number(synth_row *row, uint64_t number);
void synth_date(synth_row *row, hst_date date); /**< empty for HST_DATE_MISSING */

/** What the cells about person and place are made of. */
typedef struct synth_place {
    const synth_world *world;
    const synth_person *person;
    const synth_dirt *dirt;
    size_t area, provider;
    hst_date date; /**< of the activity: boundaries and birthdays are those of this day */
    int year;      /**< of the file */
    uint64_t key;  /**< of the record */
} synth_place;

/** FYEAR, PARTYEAR */
void synth_year_cells(synth_row *row, int year);
/** PSEUDO_HESID */
void synth_person_cell(synth_row *row, const synth_place *place);
/** GPPRAC, IMD04_DECILE, LSOA01 */
void synth_home_cells(synth_row *row, const synth_place *place);
/** MYDOB */
void synth_birth_cell(synth_row *row, const synth_place *place);
/** PROCODE3, PROCODET, SITETRET */
void synth_provider_cells(synth_row *row, const synth_place *place);
/** PURCODE, RESLADST, RESPCT06 (in files that have it), RESPCT_HIS */
void synth_area_cells(synth_row *row, const synth_place *place);
/** SEX */
void synth_sex_cell(synth_row *row, const synth_place *place);
/** STARTAGE, STARTAGE_CALC and their like; `is_float`: the whole years with ".0". */
void synth_age_cells(synth_row *row, const synth_place *place, bool is_float);

/** Files of years before the reorganisation of 2006 do not have RESPCT06. */
bool synth_has_respct06(int year);

/** Ends the row. */
char *synth_end_row(synth_row *row);

/** Header of a file: its columns [n], without RESPCT06 where that is not there. Gives its end. */
char *synth_write_header(char *at, const char *const *columns, size_t n, int year, char separator);

/** Writes what a person has in a year's file of the data set to `at`, and counts it; gives the end.
 */
char *synth_write_episodes(char *at, const synth_world *world, const synth_history *history,
                           int year, synth_file_truth *truth);
char *synth_write_clinics(char *at, const synth_world *world, const synth_person *person,
                          const synth_clinics *clinics, int year, synth_file_truth *truth);
char *synth_write_arrivals(char *at, const synth_world *world, const synth_person *person,
                           const synth_arrivals *arrivals, int year, synth_file_truth *truth);

/** Columns of a data set, [*n]. */
const char *const *synth_episode_columns(size_t *n);
const char *const *synth_clinic_columns(size_t *n);
const char *const *synth_arrival_columns(size_t *n);

#endif
