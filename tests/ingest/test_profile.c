/* The quality of an extract: every count is worked by hand from the rows below. */
#include "hestia/profile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/ingest.h"
#include "tests/support.h"

#define HEADER                                                                                     \
    "PSEUDO_HESID,EPIKEY,PARTYEAR,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,"      \
    "CLASSPAT,ADMIMETH,ADMISORC,DISDEST,DISMETH,SEX,STARTAGE,PROCODE3,RESPCT_HIS,SOAL,DIAG_4_01,"  \
    "DIAG_4_02\n"
#define GOOD(key, admidate)                                                                        \
    "PERSON" key "," key ",200899," admidate ",2008-04-09,2008-04-05,2008-04-09,1,3,1,1,21,19,19," \
    "1,1,57,RAA,5J6,E01000001,E119,I10X\n"

static const char rows[] = HEADER GOOD("1001", "2008-04-05") GOOD("1002", "2008-06-17")
    /* no person, sentinel admission, unknown method, no primary diagnosis, decimals */
    ",1003,200907,1801-01-01,,2008-04-05,2008-04-09,1.0,3,1,1,77,19,19,1,1,7003,RAA,,,-,\n"
    /* a date that does not exist, R69 */
    "P,1004,200899,2008-02-30,,2008-04-05,2008-04-09,1,3,1,1,21,19,19,1,1,57,RAA,5J6,,R69X,\n"
    "P,1005,200899\n"
    /* no key, quoted fields, a sex outside its list */
    "\"P\",,200899,\"2008-06-18\",,2008-04-05,2008-04-09,1,3,1,1,21,19,19,1,7,57,&,5J6,,E119,\n"
    /* a code too long, an age that is no number */
    "P,1007,200899,2008-06-18,,2008-04-05,2008-04-09,1,3,1,123,21,19,19,1,1,old,RAA,5J6,,E119,\n";

struct place {
    char folder[64], path[96];
};

static void make_place(struct place *place, const char *text)
{
    FILE *file = NULL;

    strcpy(place->folder, "/tmp/hestia-profile-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/apc.csv", place->folder);
    file = fopen(place->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void remove_place(const struct place *place)
{
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(rmdir(place->folder), 0);
}

static hst_profile *read_profile(const char *text, uint64_t max_rows)
{
    struct place place;
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;
    hst_error err = {0};

    make_place(&place, text);
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = place.path, .member = ""};

    if (hst_layout_detect(&layout, &spec, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    hst_layout_use_person(layout, HST_PERSON_PSEUDO);
    if (hst_profile_read(&profile, layout, place.path, "", max_rows, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    hst_layout_free(layout);
    remove_place(&place);
    return profile;
}

static const hst_field_profile *field(const hst_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->n_fields; i++) {
        if (strcmp(profile->fields[i].field, name) == 0) {
            return &profile->fields[i];
        }
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void rows_are_set_aside_by_reason(void **state)
{
    hst_profile *profile = read_profile(rows, 0);

    (void)state;
    assert_true(profile->is_whole);
    assert_int_equal(profile->n_rows, 7);
    assert_int_equal(profile->n_rejected, 4);
    assert_int_equal(profile->rejected[HST_REASON_MALFORMED_DATE], 1);
    assert_int_equal(profile->first_line[HST_REASON_MALFORMED_DATE], 5);
    assert_int_equal(profile->rejected[HST_REASON_RAGGED], 1);
    assert_int_equal(profile->first_line[HST_REASON_RAGGED], 6);
    assert_int_equal(profile->rejected[HST_REASON_NO_RECORD_KEY], 1);
    assert_int_equal(profile->first_line[HST_REASON_NO_RECORD_KEY], 7);
    assert_int_equal(profile->rejected[HST_REASON_MALFORMED_CODE] +
                         profile->rejected[HST_REASON_MALFORMED_NUMBER],
                     1);
    hst_profile_free(profile);
}

static void fields_are_counted(void **state)
{
    hst_profile *profile = read_profile(rows, 0);

    (void)state;
    assert_string_equal(profile->fields[0].field, "person");
    assert_string_equal(profile->fields[0].column, "PSEUDO_HESID");
    assert_int_equal(profile->fields[0].n_filled, 5); /* of 6 that are not ragged */
    assert_int_equal(field(profile, "EPIKEY")->n_filled, 5);
    assert_true(field(profile, "ADMIDATE")->is_date);
    assert_int_equal(field(profile, "ADMIDATE")->n_filled, 6);
    assert_int_equal(field(profile, "ADMIDATE")->n_sentinel, 1);
    assert_int_equal(field(profile, "ADMIDATE")->n_unreadable, 1);
    assert_int_equal(field(profile, "DISDATE")->n_filled, 2);
    assert_true(field(profile, "ADMIMETH")->has_codes);
    assert_int_equal(field(profile, "ADMIMETH")->n_outside, 1);
    assert_int_equal(field(profile, "SEX")->n_outside, 1);
    assert_int_equal(field(profile, "EPIORDER")->n_unreadable, 0);
    assert_int_equal(field(profile, "CLASSPAT")->n_unreadable, 1);
    assert_int_equal(field(profile, "STARTAGE")->n_unreadable, 1);
    assert_int_equal(field(profile, "PROCODE3")->n_filled, 5); /* & is nothing */
    assert_true(field(profile, "RESPCT_HIS")->is_area);
    assert_int_equal(field(profile, "RESPCT_HIS")->n_filled, 5);
    assert_string_equal(field(profile, "LSOA01")->column, "SOAL");
    assert_int_equal(field(profile, "LSOA01")->n_filled, 2);
    assert_int_equal(field(profile, "primary diagnosis")->n_filled, 5);
    hst_profile_free(profile);
}

static void time_and_diagnoses_are_counted(void **state)
{
    hst_profile *profile = read_profile(rows, 0);

    (void)state;
    assert_int_equal(profile->partyear_min, 200899);
    assert_int_equal(profile->partyear_max, 200907);
    assert_int_equal(profile->n_months, 2);
    assert_int_equal(profile->months[0].month, hst_date_from_civil(2008, 4, 1));
    assert_int_equal(profile->months[0].n, 1);
    assert_int_equal(profile->months[1].month, hst_date_from_civil(2008, 6, 1));
    assert_int_equal(profile->months[1].n, 3);
    assert_int_equal(profile->n_no_primary, 1);
    assert_int_equal(profile->n_r69, 1);
    hst_profile_free(profile);
}

static void sample_ends_at_its_size(void **state)
{
    hst_profile *profile = read_profile(rows, 2);

    (void)state;
    assert_false(profile->is_whole);
    assert_int_equal(profile->n_rows, 2);
    assert_int_equal(profile->n_rejected, 0);
    hst_profile_free(profile);
    profile = read_profile(rows, 7); /* exactly all */
    assert_true(profile->is_whole);
    assert_int_equal(profile->n_rows, 7);
    hst_profile_free(profile);
    profile = read_profile(HEADER, 0);
    assert_true(profile->is_whole);
    assert_int_equal(profile->n_rows, 0);
    hst_profile_free(profile);
}

/** What the profile would set aside is what ingest sets aside. */
static void profile_agrees_with_ingest(void **state)
{
    struct place place;
    char study_path[96], store[96], command[256];
    FILE *file = NULL;
    hst_study *study = NULL;
    hst_inputs *inputs = NULL;
    hst_store *opened = NULL;
    hst_segment *segment = NULL;
    hst_profile *profile = read_profile(rows, 0);
    hst_ingest_options options = {.n_threads = 1, .memory_bytes = (size_t)64 << 20};
    hst_error err = {0};

    (void)state;
    make_place(&place, rows);
    snprintf(study_path, sizeof study_path, "%s/study.yaml", place.folder);
    snprintf(store, sizeof store, "%s/store", place.folder);
    file = fopen(study_path, "w");
    assert_non_null(file);
    fputs("study: s\nperiod: {from: 2008-04-01, to: 2009-03-31}\n"
          "extracts: {dataset: apc, files: apc.csv}\nquality: {max_rejected: 1}\n"
          "measures: {id: m, statistic: count}\npublish: {disclosure: none}\n",
          file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hst_study_read(&study, study_path, &err), HST_OK);
    assert_int_equal(hst_inputs_find(&inputs, study, &err), HST_OK);
    assert_int_equal(hst_store_open(&opened, store, true, HST_STORE_WRITE, &err), HST_OK);
    if (hst_ingest(inputs, study, opened, &options, NULL, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(hst_segment_open(&segment, opened, inputs->items[0].digest,
                                      inputs->items[0].layout_key, &err),
                     HST_OK);
    assert_int_equal(hst_segment_get_info(segment)->rows_read, profile->n_rows);
    assert_int_equal(hst_segment_get_info(segment)->rows_used,
                     profile->n_rows - profile->n_rejected);
    hst_segment_close(segment);
    hst_store_close(opened);
    hst_inputs_free(inputs);
    hst_study_free(study);
    hst_profile_free(profile);
    snprintf(command, sizeof command, "rm -r '%s'", place.folder);
    assert_int_equal(system(command), 0);
}

static void absent_file_is_told(void **state)
{
    struct place place;
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;
    hst_error err = {0};

    (void)state;
    make_place(&place, rows);
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = place.path, .member = ""};

    assert_int_equal(hst_layout_detect(&layout, &spec, &err), HST_OK);
    remove_place(&place);
    assert_int_equal(hst_profile_read(&profile, layout, place.path, "", 0, &err), HST_ERR_USAGE);
    assert_null(profile);
    assert_non_null(strstr(err.message, place.path));
    hst_layout_free(layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_set_aside_by_reason),   cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(time_and_diagnoses_are_counted), cmocka_unit_test(sample_ends_at_its_size),
        cmocka_unit_test(profile_agrees_with_ingest),     cmocka_unit_test(absent_file_is_told),
    };

    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
