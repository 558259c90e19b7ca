/* Condition sets asked of single rows, worked out by hand: positions, vetoes and needs, by
 * diagnoses and by procedures. */
#define _XOPEN_SOURCE 700 /* mkstemp, mkdtemp */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/codes_internal.h"

enum { MAX_CODES = 4 };

static hst_conditions *conditions;

static struct row_case {
    const char *name, *set;
    hst_positions positions;
    const char *diagnoses[MAX_CODES], *procedures[MAX_CODES];
    bool is_in;
} row_cases[] = {
    /* acsc_angina: I20, I240, I248, I249 first; not with an operation (chapters A to W, X01, X02,
     * X04, X05) first */
    {"angina", "acsc_angina", 0, {"I200"}, {0}, true},
    {"other acute heart disease", "acsc_angina", 0, {"I249", "E119"}, {0}, true},
    {"Dressler's syndrome is not in the set", "acsc_angina", 0, {"I241"}, {0}, false},
    {"angina second", "acsc_angina", 0, {"I10X", "I200"}, {0}, false},
    {"angina with a stent first", "acsc_angina", 0, {"I200"}, {"K751"}, false},
    {"angina with a stent second", "acsc_angina", 0, {"I200"}, {"U201", "K751"}, true},
    {"angina with an amputation of X", "acsc_angina", 0, {"I209"}, {"X041"}, false},
    {"angina with rehabilitation of X", "acsc_angina", 0, {"I209"}, {"X501"}, true},
    {"angina with imaging", "acsc_angina", 0, {"I209"}, {"U101"}, true},
    {"angina anywhere, when the measure says",
     "acsc_angina",
     HST_POSITIONS_ANY,
     {"I10X", "I200"},
     {0},
     true},
    {"the veto stays first, when the measure says any",
     "acsc_angina",
     HST_POSITIONS_ANY,
     {"I10X", "I200"},
     {"U201", "K751"},
     true},
    {"angina anywhere with a stent first",
     "acsc_angina",
     HST_POSITIONS_ANY,
     {"I10X", "I200"},
     {"K751"},
     false},
    {"a stent alone", "acsc_angina", 0, {"I10X"}, {"K751"}, false},

    /* acsc_copd_j20: acute bronchitis first, with J41 to J44 or J47 after it */
    {"bronchitis alone", "acsc_copd_j20", 0, {"J20X"}, {0}, false},
    {"bronchitis with emphysema", "acsc_copd_j20", 0, {"J209", "J439"}, {0}, true},
    {"bronchitis with bronchiectasis fourth",
     "acsc_copd_j20",
     0,
     {"J209", "I10X", "E119", "J47X"},
     {0},
     true},
    {"bronchitis with asthma", "acsc_copd_j20", 0, {"J209", "J459"}, {0}, false},
    {"bronchitis after emphysema", "acsc_copd_j20", 0, {"J439", "J209"}, {0}, false},
    {"emphysema alone", "acsc_copd_j20", 0, {"J439"}, {0}, false},
    {"the need stays second, when the measure says any",
     "acsc_copd_j20",
     HST_POSITIONS_ANY,
     {"J439", "J209"},
     {0},
     false},
    {"emphysema first is of another set", "acsc_copd", 0, {"J439", "J209"}, {0}, true},

    /* acsc_influenza_pneumonia: not with sickle cells (D57) after it */
    {"pneumonia", "acsc_influenza_pneumonia", 0, {"J181"}, {0}, true},
    {"pneumonia with sickle cells", "acsc_influenza_pneumonia", 0, {"J181", "D570"}, {0}, false},
    {"pneumonia with anaemia", "acsc_influenza_pneumonia", 0, {"J181", "D649"}, {0}, true},

    /* acsc_cellulitis: not with an operation anywhere; of the skin some are let pass */
    {"cellulitis", "acsc_cellulitis", 0, {"L031"}, {0}, true},
    {"cellulitis, drained", "acsc_cellulitis", 0, {"L031"}, {"S471"}, true},
    {"cellulitis, drained and grafted",
     "acsc_cellulitis",
     0,
     {"L031"},
     {"S471", "Z501", "S351"},
     false},

    {"breast cancer keeps out of readmission",
     "readmission_exclude",
     0,
     {"I10X", "C509"},
     {0},
     true},
    {"skin cancer does not", "readmission_exclude", 0, {"C443"}, {0}, false},
    {"skin cancer beside melanoma", "readmission_exclude", 0, {"C443", "C439"}, {0}, true},
    {"several primary cancers", "readmission_exclude", 0, {"C97X"}, {0}, true},
    {"chemotherapy", "readmission_exclude", 0, {"D630", "Z511"}, {0}, true},
    {"radiotherapy does not", "readmission_exclude", 0, {"Z510"}, {0}, false},
    {"carcinoma in situ does not", "readmission_exclude", 0, {"D059"}, {0}, false},

    /* the user's own */
    {"a diagnosis needs an operation", "own_hip", 0, {"S720"}, {"W371"}, true},
    {"a diagnosis without the operation", "own_hip", 0, {"S720"}, {"W401"}, false},
    {"an operation needs no diagnosis", "own_knee", 0, {"I10X"}, {"Z941", "W401"}, true},
    {"an operation vetoed by a diagnosis", "own_knee", 0, {"I10X", "M069"}, {"W401"}, false},
    {"an operation vetoed by another", "own_knee", 0, {"I10X"}, {"W401", "W911"}, false},
    {"no codes", "own_hip", 0, {0}, {0}, false},
};

/** Codes of a kind as numbers of the segment; returns how many. */
static size_t put_codes(hst_segment_writer *writer, unsigned dictionary,
                        const char *const codes[MAX_CODES], uint16_t *words)
{
    size_t n = 0;

    for (; n < MAX_CODES && codes[n]; n++) {
        words[n] = hst_segment_writer_code(writer, dictionary, codes[n], strlen(codes[n]));
    }
    return n;
}

/** A segment of one row, and the row itself with its words after it. */
static void row_is_in_its_set(void **state)
{
    const struct row_case *c = *state;
    struct {
        hst_episode episode;
        uint16_t words[1 + 2 * MAX_CODES];
    } row = {.episode = {.record_key = 1, .epistat = '3'}};
    char place[] = "/tmp/hestia-codes-XXXXXX", command[64];
    hst_store_options options = {.n_partitions = 1};
    hst_segment_info info = {.dataset = HST_DATASET_APC,
                             .file = "apc.csv",
                             .separator = ',',
                             .encoding = "ascii",
                             .rows_read = 1,
                             .rows_used = 1};
    const hst_condition_set *set =
        hst_conditions_set(conditions, hst_conditions_find(conditions, c->set));
    hst_store *store = NULL;
    hst_segment_writer *writer = NULL;
    hst_segment *segment = NULL;
    hst_condition_use use = {0};
    hst_code_index *index = NULL;
    hst_code_masks *masks = NULL;
    uint64_t found[HST_PLAN_USE_WORDS] = {0};

    assert_non_null(mkdtemp(place));
    assert_int_equal(hst_store_init(place, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&store, place, false, HST_STORE_WRITE, NULL), HST_OK);
    assert_int_equal(hst_segment_writer_create(&writer, store, 0, NULL), HST_OK);
    row.episode.n_diagnoses =
        (uint8_t)put_codes(writer, HST_DICT_DIAGNOSIS, c->diagnoses, row.words);
    row.episode.n_procedures = (uint8_t)put_codes(writer, HST_DICT_PROCEDURE, c->procedures,
                                                  row.words + row.episode.n_diagnoses);
    row.episode.n_words = (uint8_t)(row.episode.n_diagnoses + row.episode.n_procedures);
    assert_int_equal(hst_segment_writer_add(writer, &row.episode, row.words, NULL), HST_OK);
    assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
    assert_int_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, NULL), HST_OK);

    assert_int_equal(
        hst_condition_use_init(&use, c->set, set->rows, set->n_rows, c->positions, NULL), HST_OK);
    assert_int_equal(hst_code_index_create(&index, &use, 1, "study.yaml", NULL), HST_OK);
    assert_int_equal(hst_code_masks_create(&masks, index, segment, NULL), HST_OK);
    assert_ptr_equal(hst_episode_words(&row.episode), row.words);
    hst_code_masks_ask(masks, &row.episode, found);
    assert_int_equal(found[0], c->is_in);

    hst_code_masks_free(masks);
    hst_code_index_free(index);
    hst_condition_use_clear(&use);
    hst_segment_close(segment);
    hst_segment_writer_free(writer);
    hst_store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", place);
    assert_int_equal(system(command), 0);
}

static int read_sets(void **state)
{
    char path[] = "/tmp/hestia-codes-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    hst_status status = HST_OK;

    (void)state;
    if (!file) {
        return -1;
    }
    fputs("set,system,code_prefix,positions,note\n"
          "own_hip,ICD10,S72,primary,\n"
          "own_hip#require,OPCS4,W37,any,\n"
          "own_knee,OPCS4,W40,any,\n"
          "own_knee#exclude,ICD10,M05,any,\n"
          "own_knee#exclude,ICD10,M06,any,\n"
          "own_knee#exclude,OPCS4,W91,any,\n",
          file);
    fclose(file);
    status = hst_conditions_read(&conditions, path, NULL);
    unlink(path);
    return status == HST_OK ? 0 : -1;
}

static int free_sets(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    return 0;
}

int main(void)
{
    enum { N_ROWS = sizeof row_cases / sizeof *row_cases };
    struct CMUnitTest tests[N_ROWS];

    for (size_t i = 0; i < N_ROWS; i++) {
        tests[i] = (struct CMUnitTest){.name = row_cases[i].name,
                                       .test_func = row_is_in_its_set,
                                       .initial_state = &row_cases[i]};
    }
    return _cmocka_run_group_tests("codes", tests, N_ROWS, read_sets, free_sets);
}
