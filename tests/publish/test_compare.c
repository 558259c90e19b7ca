/* What moved between two folders of tables: each kind of change, what is ranked, and what is
 * refused. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/compare.h"
#include "publish/tree.h"

#define RESULTS                                                                                    \
    "measure,area_code,period,sex,age,split,statistic,total_count,value,suppressed,note,"          \
    "incomplete\n"
#define LIST "table,measure,area_code,period,key,column,before,after,difference,percent,kind\n"
#define ROW "m,5NK,2010/11 Q1,persons,all,,dsr,"
#define OF_ROW "results,m,5NK,2010/11 Q1,sex=persons; age=all; statistic=dsr,"

typedef struct folders {
    char top[64], before[96], after[96], list[96];
} folders;

static void write_text(const char *folder, const char *name, const char *text)
{
    char *path = hst_tree_join(folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static int open_folders(void **state)
{
    folders *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->top, sizeof f->top, "/tmp/hestia-compare-XXXXXX");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->before, sizeof f->before, "%s/before", f->top);
    snprintf(f->after, sizeof f->after, "%s/after", f->top);
    snprintf(f->list, sizeof f->list, "%s/list.csv", f->top);
    assert_int_equal(mkdir(f->before, 0700), 0);
    assert_int_equal(mkdir(f->after, 0700), 0);
    *state = f;
    return 0;
}

static int close_folders(void **state)
{
    folders *f = *state;
    hst_status status = hst_tree_remove(f->top, NULL);

    free(f);
    return status == HST_OK ? 0 : -1;
}

/* Compares, and gives the list of changes back as text, which the caller frees. */
static hst_status compare(const folders *f, hst_comparison **out, char **list, double threshold,
                          hst_error *err)
{
    hst_compare_options options = {.threshold = threshold, .n_moves = 2};
    hst_status status = HST_OK;
    FILE *file = NULL;

    assert_int_equal(hst_csv_create(&options.csv, f->list, 0600, err), HST_OK);
    status = hst_compare(out, f->before, f->after, &options, err);
    assert_int_equal(hst_csv_finish(options.csv, err), HST_OK);
    hst_csv_free(options.csv);
    *list = calloc(1, 1 << 14);
    file = fopen(f->list, "r");
    assert_non_null(*list);
    assert_non_null(file);
    assert_in_range(fread(*list, 1, (1 << 14) - 1, file), 0, (1 << 14) - 2);
    fclose(file);
    return status;
}

static const struct change_case {
    const char *name, *before, *after, *list;
} change_cases[] = {
    {"nothing", ROW "173,54.1,0,,0\n", ROW "173,54.1,0,,0\n", ""},
    {"a value", ROW "173,54,0,,0\n", ROW "173,40.5,0,,0\n",
     OF_ROW "value,54,40.5,-13.5,-25,changed\n"},
    {"a negative value", ROW ",-2,0,,0\n", ROW ",-3,0,,0\n", OF_ROW "value,-2,-3,-1,-50,changed\n"},
    {"nought has no percent", ROW "0,0,0,,0\n", ROW "3,7.5,0,,0\n",
     OF_ROW "total_count,0,3,3,,changed\n" OF_ROW "value,0,7.5,7.5,,changed\n"},
    {"an infinite limit has no percent", ROW "5,Inf,0,,0\n", ROW "5,2,0,,0\n",
     OF_ROW "value,Inf,2,-Inf,,changed\n"},
    {"a value that was missing", ROW "9,,0,few,0\n", ROW "9,17.3,0,,0\n",
     OF_ROW "value,,17.3,,,changed\n" OF_ROW "note,few,,,,changed\n"},
    {"suppressed", ROW "9,17.3,0,,0\n", ROW ",,1,,0\n",
     OF_ROW "total_count,9,,,,suppressed\n" OF_ROW "value,17.3,,,,suppressed\n"},
    {"revealed", ROW ",,1,,0\n", ROW "10,17.3,0,,0\n",
     OF_ROW "total_count,,10,,,revealed\n" OF_ROW "value,,17.3,,,revealed\n"},
    {"missing for another reason", ROW "9,17.3,0,,0\n", ROW "9,,0,,0\n",
     OF_ROW "value,17.3,,,,changed\n"},
    {"a new row", "", ROW "9,17.3,0,,0\n", OF_ROW "value,,17.3,,,new\n"},
    {"a row that is gone", ROW "9,17.3,0,,0\n", "", OF_ROW "value,17.3,,,,gone\n"},
    {"rows between others", "a,1,p,persons,all,,dsr,,1,0,,0\nc,1,p,persons,all,,dsr,,3,0,,0\n",
     "b,1,p,persons,all,,dsr,,2,0,,0\nc,1,p,persons,all,,dsr,,3,0,,0\n",
     "results,a,1,p,sex=persons; age=all; statistic=dsr,value,1,,,,gone\n"
     "results,b,1,p,sex=persons; age=all; statistic=dsr,value,,2,,,new\n"},
    {"quotes and commas in keys", "m,\"Similar, \"\"near\"\"\",p,1,all,RD1,count,,5,0,,0\n",
     "m,\"Similar, \"\"near\"\"\",p,1,all,RD1,count,,6,0,,0\n",
     "results,m,\"Similar, \"\"near\"\"\",p,sex=1; age=all; split=RD1; statistic=count,value,5,6,1,"
     "20,changed\n"},
    {"a text that holds line ends", ROW "9,1,0,\"two\nlines\",0\n", ROW "9,1,0,one,0\n",
     OF_ROW "note,\"two\nlines\",one,,,changed\n"},
    {"rows of one key by their order", ROW "9,1,0,,0\n" ROW "9,2,0,,0\n",
     ROW "9,1,0,,0\n" ROW "9,3,0,,0\n", OF_ROW "value,2,3,1,50,changed\n"},
};

static void change_is_listed(void **state)
{
    folders *f = *state;

    for (size_t i = 0; i < sizeof change_cases / sizeof change_cases[0]; i++) {
        const struct change_case *c = &change_cases[i];
        hst_comparison *comparison = NULL;
        char text[1024], *list = NULL;
        hst_error err = {0};

        snprintf(text, sizeof text, "%s%s", RESULTS, c->before);
        write_text(f->before, "results.csv", text);
        snprintf(text, sizeof text, "%s%s", RESULTS, c->after);
        write_text(f->after, "results.csv", text);
        if (compare(f, &comparison, &list, INFINITY, &err) != HST_OK) {
            fail_msg("%s: %s", c->name, err.message);
        }
        snprintf(text, sizeof text, "%s%s", LIST, c->list);
        if (strcmp(list, text) != 0) {
            fail_msg("%s: %s", c->name, list);
        }
        assert_int_equal(comparison->n_lines > 0, c->list[0] != '\0');
        assert_int_equal(comparison->n_past, 0);
        hst_comparison_free(comparison);
        free(list);
    }
}

static void lines_count_rows_of_a_measure(void **state)
{
    folders *f = *state;
    hst_comparison *comparison = NULL;
    hst_compare_line values;
    char *list = NULL;
    hst_error err = {0};

    write_text(f->before, "results.csv",
               RESULTS "a,1,p,persons,all,,dsr,200,10,0,,0\n"
                       "a,2,p,persons,all,,dsr,200,10,0,old,0\n"
                       "a,3,p,persons,all,,dsr,200,10,0,,0\n"
                       "b,1,p,persons,all,,dsr,,,1,,0\n"
                       "b,2,p,persons,all,,dsr,200,10,0,,0\n");
    write_text(f->after, "results.csv",
               RESULTS "a,1,p,persons,all,,dsr,200,12,0,,0\n"
                       "a,2,p,persons,all,,dsr,200,10,0,new,0\n"
                       "a,3,p,persons,all,,dsr,200,6,0,,0\n"
                       "b,1,p,persons,all,,dsr,8,9,0,,0\n"
                       "b,2,p,persons,all,,dsr,,,1,,0\n"
                       "b,3,p,persons,all,,dsr,200,10,0,,0\n");
    assert_int_equal(compare(f, &comparison, &list, 0.05, &err), HST_OK);
    assert_int_equal(comparison->n_lines, 2);
    assert_string_equal(comparison->lines[0].measure, "a");
    assert_int_equal(comparison->lines[0].n_changed, 2);
    assert_int_equal(comparison->lines[0].n_other, 1);
    assert_close(comparison->lines[0].largest, -40, 1e-12);
    assert_string_equal(comparison->lines[0].largest_area, "3");
    assert_int_equal(comparison->lines[1].n_revealed, 1);
    assert_int_equal(comparison->lines[1].n_suppressed, 1);
    assert_int_equal(comparison->lines[1].n_new, 1);
    assert_null(comparison->lines[1].largest_area);
    values = hst_comparison_values(comparison);
    assert_int_equal(values.n_changed, 2);
    assert_int_equal(values.n_new, 1);
    assert_int_equal(comparison->n_values, 6);
    hst_comparison_free(comparison);
    free(list);
}

/* Moves of few events, of incomplete periods and from nought are listed, but not ranked. */
static void moves_that_count_are_ranked(void **state)
{
    folders *f = *state;
    hst_comparison *comparison = NULL;
    char *list = NULL;
    hst_error err = {0};

    write_text(f->before, "results.csv",
               RESULTS "a,1,p,persons,all,,dsr,99,10,0,,0\n"
                       "a,2,p,persons,all,,dsr,300,10,0,,1\n"
                       "a,3,p,persons,all,,dsr,300,0,0,,0\n"
                       "a,4,p,1,65-74,RD1,dsr,100,10,0,,0\n"
                       "a,5,p,persons,all,,hhi,,10,0,,0\n"
                       "a,6,p,persons,all,,dsr,300,10,0,,0\n"
                       "a,7,p,persons,all,,dsr,300,10,0,,0\n");
    write_text(f->after, "results.csv",
               RESULTS "a,1,p,persons,all,,dsr,400,90,0,,0\n"
                       "a,2,p,persons,all,,dsr,300,90,0,,0\n"
                       "a,3,p,persons,all,,dsr,300,90,0,,0\n"
                       "a,4,p,1,65-74,RD1,dsr,100,8,0,,0\n"
                       "a,5,p,persons,all,,hhi,,13,0,,0\n"
                       "a,6,p,persons,all,,dsr,300,10.5,0,,0\n"
                       "a,7,p,persons,all,,dsr,300,10.51,0,,0\n");
    assert_int_equal(compare(f, &comparison, &list, 0.05, &err), HST_OK);
    assert_int_equal(comparison->n_past, 3); /* 5 % is not past 5 % */
    assert_int_equal(comparison->n_moves, 2);
    assert_string_equal(comparison->moves[0].area_code, "5");
    assert_string_equal(comparison->moves[0].rest, "hhi");
    assert_close(comparison->moves[0].percent, 30, 1e-12);
    assert_string_equal(comparison->moves[1].area_code, "4");
    assert_string_equal(comparison->moves[1].rest, "dsr, sex 1, age 65-74, split RD1");
    assert_close(comparison->moves[1].after, 8, 0);
    hst_comparison_free(comparison);
    free(list);
}

/* Tables that are small are matched in any order; a verdict of several comparators changes once. */
static void other_tables_are_matched_by_their_keys(void **state)
{
    folders *f = *state;
    hst_comparison *comparison = NULL;
    char *list = NULL;
    hst_error err = {0};

    write_text(f->before, "results.csv", RESULTS);
    write_text(f->after, "results.csv", RESULTS);
    write_text(f->before, "site-review.csv",
               "site_code,measure,review_value,comparator,verdict,impact\n"
               "5NK,stays,12,England,cannot tell,memory\n"
               "5NK,stays,12,Similar areas,cannot tell,memory\n");
    write_text(f->after, "site-review.csv",
               "site_code,measure,review_value,comparator,verdict,impact\n"
               "5NK,stays,9,Similar areas,change,memory\n"
               "5NK,stays,12,England,change,memory\n");
    write_text(f->before, "breaks.csv", "dataset,area_code,provider,specialty,size\n");
    assert_int_equal(compare(f, &comparison, &list, 0.05, &err), HST_OK);
    assert_string_equal(
        list,
        LIST "site-review,stays,5NK,,impact=memory; comparator=England,verdict,cannot tell,change,,"
             ",changed\n"
             "site-review,stays,5NK,,impact=memory; comparator=Similar areas,review_value,12,9,-3,"
             "-25,changed\n"
             "site-review,stays,5NK,,impact=memory; comparator=Similar areas,verdict,cannot tell,"
             "change,,,changed\n");
    assert_int_equal(comparison->n_verdicts, 1);
    assert_string_equal(comparison->verdicts[0].impact, "memory");
    assert_string_equal(comparison->verdicts[0].after, "change");
    assert_int_equal(comparison->n_past, 0); /* values of results.csv alone are held against it */
    assert_int_equal(comparison->n_unmatched, 1);
    assert_string_equal(comparison->unmatched[0], "breaks");
    hst_comparison_free(comparison);
    free(list);
}

static const struct refused_case {
    const char *name, *results;
    hst_status status;
    const char *message;
} refused_cases[] = {
    {"no file", NULL, HST_ERR_USAGE, "is not there"},
    {"an empty file", "", HST_ERR_INPUT, "results.csv"},
    {"another number of cells", RESULTS ROW "1,2\n", HST_ERR_INPUT, "line 2: is no row"},
    {"an open quote", RESULTS ROW "9,17.3,0,\"open,0\n", HST_ERR_INPUT, "line 2: is no row"},
    {"another order", RESULTS "b,1,p,persons,all,,dsr,,1,0,,0\na,1,p,persons,all,,dsr,,1,0,,0\n",
     HST_ERR_INPUT, "line 3: is not in the order"},
};

static void damaged_results_are_refused(void **state)
{
    folders *f = *state;

    write_text(f->before, "results.csv", RESULTS ROW "9,17.3,0,,0\n");
    for (size_t i = 0; i < sizeof refused_cases / sizeof refused_cases[0]; i++) {
        const struct refused_case *c = &refused_cases[i];
        hst_comparison *comparison = NULL;
        char *list = NULL;
        hst_error err = {0};

        if (c->results) {
            write_text(f->after, "results.csv", c->results);
        }
        if (compare(f, &comparison, &list, 0.05, &err) != c->status ||
            !strstr(err.message, c->message)) {
            fail_msg("%s: %s", c->name, err.message);
        }
        assert_null(comparison);
        free(list);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_folders, close_folders)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(change_is_listed),
        TEST(lines_count_rows_of_a_measure),
        TEST(moves_that_count_are_ranked),
        TEST(other_tables_are_matched_by_their_keys),
        TEST(damaged_results_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
