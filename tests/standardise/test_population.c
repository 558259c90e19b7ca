#include "hestia/population.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/reference.h"
#include "tests/support.h"

enum { TEXT_BYTES = 400000 };

/* A folder with up to two files, read as one population. */
typedef struct fixture {
    char folder[40], paths[2][64];
    char *items[2];
    hst_texts files;
    hst_standard standard;
    hst_population *population;
    hst_error err;
    char *text; /* room to write a file's text in */
    size_t length;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->text = calloc(1, TEXT_BYTES);
    assert_non_null(f->text);
    strcpy(f->folder, "/tmp/hestia-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (size_t i = 0; i < 2; i++) {
        snprintf(f->paths[i], sizeof f->paths[i], "%s/p%zu.csv", f->folder, i);
        f->items[i] = f->paths[i];
    }
    f->files = (hst_texts){.n = 1, .items = f->items};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    hst_population_free(f->population);
    unlink(f->paths[0]);
    unlink(f->paths[1]);
    assert_int_equal(rmdir(f->folder), 0);
    free(f->text);
    free(f);
    return 0;
}

static void add(fixture *f, const char *format, ...) HST_PRINTF(2, 3);
static void add(fixture *f, const char *format, ...)
{
    va_list arguments;
    int n = 0;

    va_start(arguments, format);
    n = vsnprintf(f->text + f->length, TEXT_BYTES - f->length, format, arguments);
    va_end(arguments);
    assert_true(n >= 0);
    f->length += (size_t)n;
    assert_true(f->length < TEXT_BYTES);
}

static void save(fixture *f, size_t file)
{
    FILE *stream = fopen(f->paths[file], "wb");

    assert_non_null(stream);
    assert_int_equal(fwrite(f->text, 1, f->length, stream), f->length);
    assert_int_equal(fclose(stream), 0);
    f->length = 0;
    f->text[0] = '\0';
}

static hst_status read_files(fixture *f, const char *standard)
{
    assert_int_equal(hst_standard_read(&f->standard, standard, NULL), HST_OK);
    hst_population_free(f->population);
    f->population = NULL;
    return hst_population_read(&f->population, &f->files, &f->standard, &f->err);
}

static double get(const fixture *f, const char *area, int year, unsigned sex, size_t band)
{
    double people = NAN;

    return hst_population_get(f->population, area, year, sex, band, &people) ? people : NAN;
}

static void expect_refusal(fixture *f, const char *standard, const char *message)
{
    assert_int_equal(read_files(f, standard), HST_ERR_INPUT);
    assert_null(f->population);
    if (!strstr(f->err.message, message)) {
        print_error("%s\nis not about: %s\n", f->err.message, message);
        fail();
    }
    assert_non_null(strstr(f->err.message, f->folder));
}

/* People of an age in the tests' data: different for each area, year, sex and age. */
static int people_of(int area, int year, int sex, int age)
{
    return 1000 * area + 10 * (year - 2000) + 3 * sex + 7 * age + 5;
}

/* Sum over ages, both ends included. */
static double sum_of(int area, int year, int sex, int from, int to)
{
    double sum = 0;

    for (int age = from; age <= to; age++) {
        sum += people_of(area, year, sex, age);
    }
    return sum;
}

static const char *const codes[] = {"5QL", "5J6"};

/* ---- the formats give the same population ---- */

static void assert_two_areas(const fixture *f, int year)
{
    for (int area = 0; area < 2; area++) {
        for (int sex = 1; sex <= 2; sex++) {
            assert_close(get(f, codes[area], year, (unsigned)sex - 1, 0),
                         sum_of(area, year, sex, 0, 4), 0);
            assert_close(get(f, codes[area], year, (unsigned)sex - 1, 17),
                         sum_of(area, year, sex, 85, 89), 0);
            assert_close(get(f, codes[area], year, (unsigned)sex - 1, 18),
                         people_of(area, year, sex, 90), 0);
        }
    }
}

static void long_single_years(void **state)
{
    fixture *f = *state;

    add(f, "area,year,sex,age,population\n");
    for (int area = 0; area < 2; area++) {
        for (int year = 2010; year <= 2011; year++) {
            for (int sex = 1; sex <= 2; sex++) {
                for (int age = 0; age <= 90; age++) {
                    add(f, "%s,%d,%d,%d,%d\n", codes[area], year, sex, age,
                        people_of(area, year, sex, age));
                }
            }
        }
    }
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 19);
    assert_two_areas(f, 2010);
    assert_two_areas(f, 2011);
    assert_int_equal(hst_population_areas(f->population)->n, 2);
    assert_string_equal(hst_population_areas(f->population)->items[0], "5J6");
    assert_string_equal(hst_population_areas(f->population)->items[1], "5QL");
    assert_true(isnan(get(f, "5J6", 2012, 0, 0)));
    assert_true(isnan(get(f, "5NK", 2011, 0, 0)));
    assert_true(isnan(get(f, "5J6", 2011, HST_SEX_OTHER, 0)));
    assert_true(isnan(get(f, "5J6", 2011, 0, 19)));
    assert_null(hst_population_cells(f->population, "", 2011));
}

/* Bands as the canonical form has them: by the limits, rows in no order, people of both sexes too.
 */
static void long_bands(void **state)
{
    fixture *f = *state;

    add(f, "population,age_upper,age_lower,sex,year,area,extra\n");
    for (int lower = 90; lower >= 0; lower -= 5) {
        for (int area = 0; area < 2; area++) {
            for (int sex = 0; sex <= 2; sex++) {
                double people = lower == 90 ? people_of(area, 2011, sex, 90)
                                            : sum_of(area, 2011, sex, lower, lower + 4);

                add(f, "\"%.0f\",%d,%d,%d,2011, %s ,x\n", people, lower == 90 ? 999 : lower + 4,
                    lower, sex, codes[area]);
            }
        }
    }
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    assert_two_areas(f, 2011);
}

static void nomis(void **state)
{
    fixture *f = *state;

    for (int form = 0; form < 2; form++) { /* tab and DATE; comma and DATE_NAME */
        char tab = form == 0 ? '\t' : ',';

        add(f, "\"%s\"%c\"GEOGRAPHY_CODE\"%c\"GENDER\"%c\"C_AGE\"%c\"OBS_VALUE\"\n",
            form == 0 ? "DATE" : "DATE_NAME", tab, tab, tab, tab);
        for (int area = 0; area < 2; area++) {
            for (int sex = 0; sex <= 2; sex++) {
                for (int code = 0; code <= 210; code++) {
                    int people = code >= 101 && code <= 191 ? people_of(area, 2011, sex, code - 101)
                                                            : 999999; /* aggregates */

                    if (code <= 20 || code > 100) {
                        add(f, "\"%s2011\"%c\"%s\"%c\"%d\"%c\"%d\"%c\"%d\"\n",
                            form == 0 ? "" : "mid-", tab, codes[area], tab, sex, tab, code, tab,
                            people);
                    }
                }
            }
        }
        save(f, 0);
        assert_int_equal(read_files(f, "esp2013"), HST_OK);
        assert_two_areas(f, 2011);
    }
}

static void myeb1(void **state)
{
    fixture *f = *state;

    add(f, "ladcode20,laname,country,sex,age,population_2010,births_2010,population_2011\n");
    for (int area = 0; area < 2; area++) {
        for (int sex = 1; sex <= 2; sex++) {
            for (int age = 0; age <= 90; age++) {
                add(f, "%s,\"Name, with comma\",E,%d,%d,%d,17,%d\n", codes[area], sex, age,
                    people_of(area, 2010, sex, age), people_of(area, 2011, sex, age));
            }
        }
    }
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    assert_two_areas(f, 2010);
    assert_two_areas(f, 2011);
}

static void wide_by_age(void **state)
{
    fixture *f = *state;

    add(f, "Mid-2011 population estimates, by single year of age\n\n\"Title, two\",,\n");
    add(f, "Area Code,Name,Sex,Year,All Ages");
    for (int age = 0; age <= 90; age++) {
        add(f, age == 90 ? ",90+\n" : ",%d", age);
    }
    for (int area = 0; area < 2; area++) {
        for (int sex = 0; sex <= 2; sex++) {
            add(f, "%s,Some name,%s,2011,\"1,234,567\"", codes[area],
                sex == 0   ? "Persons"
                : sex == 1 ? "Males"
                           : "Females");
            for (int age = 0; age <= 90; age++) {
                int people = people_of(area, 2011, sex, age);

                if (people >= 1000) {
                    add(f, ",\" %d,%03d \"", people / 1000, people % 1000);
                } else {
                    add(f, ",%d", people);
                }
            }
            add(f, "\n");
        }
        add(f, "\nSource: a footnote\n");
    }
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    assert_two_areas(f, 2011);
}

static void wide_by_band(void **state)
{
    fixture *f = *state;

    add(f, "code\tsex\tyear\tUnder 1\tAged 1-4");
    for (int lower = 5; lower < 85; lower += 5) {
        add(f, lower % 2 ? "\t%d-%d" : "\t%d to %d", lower, lower + 4);
    }
    add(f, "\t85 and over\n");
    for (int sex = 1; sex <= 2; sex++) {
        add(f, "5J6\t%c\t2011\t%d\t%.0f", sex == 1 ? 'M' : 'F', people_of(1, 2011, sex, 0),
            sum_of(1, 2011, sex, 1, 4));
        for (int lower = 5; lower < 85; lower += 5) {
            add(f, "\t%.0f", sum_of(1, 2011, sex, lower, lower + 4));
        }
        add(f, "\t%.0f\n", sum_of(1, 2011, sex, 85, 90));
    }
    save(f, 0);
    assert_int_equal(read_files(f, "esp1976_19"), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 19);
    assert_close(get(f, "5J6", 2011, 0, 0), people_of(1, 2011, 1, 0), 0);
    assert_close(get(f, "5J6", 2011, 1, 1), sum_of(1, 2011, 2, 1, 4), 0);
    assert_close(get(f, "5J6", 2011, 1, 18), sum_of(1, 2011, 2, 85, 90), 0);
    assert_int_equal(read_files(f, "esp1976"), HST_OK);
    assert_close(get(f, "5J6", 2011, 0, 0), sum_of(1, 2011, 1, 0, 4), 0);
}

/* ---- fitting to the standard ---- */

/* One area and year in five-year bands, the last open from `open_from`. */
static void add_bands(fixture *f, const char *area, int year, int open_from)
{
    for (int sex = 1; sex <= 2; sex++) {
        for (int lower = 0; lower <= open_from; lower += 5) {
            add(f, "%s,%d,%d,%d,%d,%.0f\n", area, year, sex, lower,
                lower == open_from ? 999 : lower + 4,
                lower == open_from ? sum_of(1, year, sex, lower, 90)
                                   : sum_of(1, year, sex, lower, lower + 4));
        }
    }
}

static const char long_header[] = "area,year,sex,age_lower,age_upper,population\n";

static void early_open_band_merges_weights(void **state)
{
    fixture *f = *state;
    const hst_standard *merged = NULL;

    add(f, "%s", long_header);
    add_bands(f, "5J6", 2010, 90);
    add_bands(f, "5J6", 2011, 85);
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    merged = hst_population_standard(f->population);
    assert_int_equal(hst_population_n_bands(f->population), 18);
    assert_int_equal(merged->bands.n, 18);
    assert_close(merged->weight[17], 2500, 0);
    assert_close(get(f, "5J6", 2010, 0, 17),
                 sum_of(1, 2010, 1, 85, 89) + sum_of(1, 2010, 1, 90, 90), 0);
    assert_close(get(f, "5J6", 2011, 0, 17), sum_of(1, 2011, 1, 85, 90), 0);
    assert_int_equal(read_files(f, "who2000"), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 18);
    assert_close(hst_population_standard(f->population)->weight[17], 4400 + 1500 + 400 + 50, 1);
    assert_int_equal(read_files(f, "esp1976"), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 18); /* nothing merged: 85+ it is */
}

static void ages_outside_a_standard_are_kept_apart(void **state)
{
    fixture *f = *state;
    const double *cells = NULL;

    add(f, "age_lower,age_upper,weight\n15,44,3\n45,74,1\n");
    save(f, 1);
    add(f, "%s", long_header);
    add_bands(f, "5J6", 2011, 90);
    save(f, 0);
    assert_int_equal(read_files(f, f->paths[1]), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 2);
    cells = hst_population_cells(f->population, "5J6", 2011);
    assert_non_null(cells);
    assert_close(cells[0], sum_of(1, 2011, 1, 15, 44), 0);
    assert_close(cells[1], sum_of(1, 2011, 1, 45, 74), 0);
    assert_close(cells[2], sum_of(1, 2011, 1, 0, 14) + sum_of(1, 2011, 1, 75, 90), 0);
    assert_close(cells[3], sum_of(1, 2011, 2, 15, 44), 0);
}

static void several_files_are_one_population(void **state)
{
    fixture *f = *state;

    f->files.n = 2;
    add(f, "%s", long_header);
    add_bands(f, "5QL", 2011, 90);
    save(f, 0);
    add(f, "%s", long_header);
    add_bands(f, "5J6", 2011, 90);
    add_bands(f, "5QL", 2010, 90);
    save(f, 1);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    assert_int_equal(hst_population_areas(f->population)->n, 2);
    assert_close(get(f, "5QL", 2010, 0, 0), sum_of(1, 2010, 1, 0, 4), 0);
    assert_close(get(f, "5QL", 2011, 0, 0), sum_of(1, 2011, 1, 0, 4), 0);
}

/* ---- refusals ---- */

static void absent_file(void **state)
{
    fixture *f = *state;

    assert_int_equal(read_files(f, "esp2013"), HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "No such file"));
}

static void no_files(void **state)
{
    fixture *f = *state;

    f->files.n = 0;
    assert_int_equal(read_files(f, "esp2013"), HST_ERR_ARGUMENT);
}

static void duplicate_names_both_lines(void **state)
{
    fixture *f = *state;

    f->files.n = 2;
    add(f, "%s", long_header);
    add_bands(f, "5J6", 2011, 90);
    save(f, 0);
    add(f, "%s5J6,2011,2,30,34,17\n", long_header);
    save(f, 1);
    expect_refusal(f, "esp2013", "the same area, year, sex and age band twice");
    assert_non_null(strstr(f->err.message, "p0.csv, line 27, and"));
    assert_non_null(strstr(f->err.message, "p1.csv, line 2:"));
}

static struct band_case {
    const char *name;
    int skipped;       /* lower age of the row of sex 2 that is left out; -1 none */
    const char *extra; /* rows added */
    const char *standard, *message;
} band_cases[] = {
    {"overlap", -1, "5J6,2011,2,30,32,17\n", "esp2013", "age bands that overlap"},
    {"overlap inside", -1, "5J6,2011,2,32,33,17\n", "esp2013", "age bands that overlap"},
    {"second open band", -1, "5J6,2011,2,92,999,17\n", "esp2013", "age bands that overlap"},
    {"missing band", 30, "", "esp2013", "the ages from 30 to 34 are missing"},
    {"missing first band", 0, "", "esp2013", "the ages from 0 to 4 are missing"},
    {"missing last band", 90, "", "esp2013", "the last age band of this area, year and sex is not"},
    {"missing sex", -1, "5QL,2011,1,0,999,17\n", "esp2013", "no population of sex 2"},
    {"missing other sex", -1, "5QL,2011,2,0,999,17\n", "esp2013", "no population of sex 1"},
    {"straddling", 30, "5J6,2011,2,30,31,17\n5J6,2011,2,32,36,17\n", "esp2013", "straddles"},
    {"0-4 for a standard with 0 and 1-4", -1, "", "esp2013_21", "straddles a limit of the bands"},
    {"word for people", -1, "5J6,2011,2,30,34,many\n", "esp2013",
     "line 40, column population: not a number of people"},
    {"no people", -1, "5J6,2011,2,30,34,\n", "esp2013", "not a number of people"},
    {"negative people", -1, "5J6,2011,2,30,34,-4\n", "esp2013", "not a number of people"},
    {"two points", -1, "5J6,2011,2,30,34,1.2.3\n", "esp2013", "not a number of people"},
    {"word for age", -1, "5J6,2011,2,x,34,1\n", "esp2013", "column age_lower: not a whole number"},
    {"word for upper age", -1, "5J6,2011,2,30,x,1\n", "esp2013", "column age_upper: not a whole"},
    {"band upside down", -1, "5J6,2011,2,34,30,1\n", "esp2013", "not an age band"},
    {"too old", -1, "5J6,2011,2,121,999,1\n", "esp2013", "not an age band"},
    {"sex 3", -1, "5J6,2011,3,30,34,1\n", "esp2013", "line 40, column sex: not 1 (male), 2"},
    {"no area", -1, ",2011,1,30,34,1\n", "esp2013", "line 40, column area: no area code"},
    {"financial year", -1, "5J6,2011/12,1,30,34,1\n", "esp2013",
     "line 40, column year: not a year"},
    {"short year", -1, "5J6,11,1,30,34,1\n", "esp2013", "line 40, column year: not a year"},
    {"ragged row", -1, "5J6,2011,1,30,34\n", "esp2013", "line 40: 5 cells where the header has 6"},
};

static void bands_are_checked(void **state)
{
    const struct band_case *c = *state;
    void *held = NULL;
    fixture *f = NULL;

    set_up(&held);
    f = held;
    add(f, "%s", long_header);
    for (int sex = 1; sex <= 2; sex++) {
        for (int lower = 0; lower <= 90; lower += 5) {
            if (sex == 1 || lower != c->skipped) {
                add(f, "5J6,2011,%d,%d,%d,17\n", sex, lower, lower == 90 ? 999 : lower + 4);
            }
        }
    }
    add(f, "%s", c->extra);
    save(f, 0);
    expect_refusal(f, c->standard, c->message);
    tear_down(&held);
}

static void straddling_band(void **state)
{
    fixture *f = *state;

    add(f, "%s", long_header);
    for (int sex = 1; sex <= 2; sex++) {
        add(f, "5J6,2011,%d,0,4,17\n5J6,2011,%d,5,11,17\n5J6,2011,%d,12,999,17\n", sex, sex, sex);
    }
    save(f, 0);
    expect_refusal(f, "esp1976", "line 3: the age band straddles a limit of the bands of esp1976");
}

static struct text_case {
    const char *name, *text, *message;
} text_cases[] = {
    {"empty", "", "the file is empty"},
    {"other table", "a,b\n1,2\n", "not a population table"},
    {"header only", "area,year,sex,age,population\n", "no population of sex 1 or 2"},
    {"totals only", "area,year,population\n5J6,2011,17\n", "no column `sex`"},
    {"no year", "area,sex,age,population\n5J6,1,0,17\n", "no column `year`"},
    {"no ages", "area,year,sex,population\n5J6,2011,1,17\n", "no column `age_lower`"},
    {"no upper age", "area,year,sex,age_lower,population\n5J6,2011,1,0,17\n",
     "no column `age_upper`"},
    {"persons only", "area,year,sex,age,population\n5J6,2011,persons,90,17\n",
     "no population of sex 1 or 2"},
    {"children only", "area,year,sex,age,population\n5J6,2011,1,0,17\n5J6,2011,1,1,17\n",
     "the ages end at 1, without an open last band"},
    {"age in words", "area,year,sex,age,population\n5J6,2011,1,young,17\n",
     "line 2, column age: not an age"},
    {"age 130", "area,year,sex,age,population\n5J6,2011,1,130,17\n", "not an age of at most 120"},
    {"Nomis without a year", "GEOGRAPHY_CODE,GENDER,C_AGE,OBS_VALUE\n5J6,1,101,17\n",
     "add a column DATE"},
    {"Nomis without ages", "GEOGRAPHY_CODE,GENDER,DATE,OBS_VALUE\n5J6,1,2011,17\n",
     "no column `C_AGE`"},
    {"Nomis without sex", "GEOGRAPHY_CODE,C_AGE,DATE,OBS_VALUE\n5J6,101,2011,17\n",
     "no column `GENDER`"},
    {"Nomis without values", "GEOGRAPHY_CODE,GENDER,C_AGE,DATE\n5J6,1,101,2011\n",
     "no column `OBS_VALUE`"},
    {"Nomis with aggregates only",
     "GEOGRAPHY_CODE,GENDER,C_AGE,DATE,OBS_VALUE\n5J6,1,200,2011,17\n",
     "no population of sex 1 or 2"},
    {"Nomis with a word for age",
     "GEOGRAPHY_CODE,GENDER,C_AGE,DATE,OBS_VALUE\n5J6,1,Age 0,2011,17\n",
     "column C_AGE: not a whole number"},
    {"MYEB1 without code", "name,sex,age,population_2011\nX,1,0,17\n", "no column of area codes"},
    {"MYEB1 without sex", "ladcode,age,population_2011\nX,0,17\n", "no column `sex`"},
    {"MYEB1 without age", "ladcode,sex,population_2011\nX,1,17\n", "no column `age`"},
    {"wide without sex", "code,year,0-14,15-64,65-84,85+\n5J6,2011,1,2,3,4\n",
     "needs a column `sex`"},
    {"wide without year", "code,sex,0-14,15-64,65-84,85+\n5J6,1,1,2,3,4\n",
     "needs a column `year`"},
    {"wide without code", "sex,year,0-14,15-64,65-84,85+\n1,2011,1,2,3,4\n",
     "no column of area codes"},
    {"wide with both sexes side by side",
     "code,sex,year,0-14,15-64,65-84,85+,0-14,15-64,65-84,85+\n5J6,1,2011,1,2,3,4,1,2,3,4\n",
     "the ages stand here twice"},
    {"wide with a gap in a row", "code,sex,year,0-14,15-64,65-84,85+\n5J6,1,2011,1,,3,4\n",
     "line 2, column 5: not a number of people"},
    {"wide of children", "code,sex,year,0,1,2,3\n5J6,1,2011,1,2,3,4\n", "not a population table"},
};

static void text_is_refused(void **state)
{
    const struct text_case *c = *state;
    void *held = NULL;
    fixture *f = NULL;

    set_up(&held);
    f = held;
    add(f, "%s", c->text);
    save(f, 0);
    expect_refusal(f, "esp2013", c->message);
    tear_down(&held);
}

/* ---- the tables that are compiled in ---- */

static void study_areas_add_up_to_published_totals(void **state)
{
    static const struct {
        const char *area;
        double total;
    } published[] = {{"5J6", 204170}, {"5NK", 319837}, {"5QL", 531581}, {"ENG", 53107169}};
    fixture *f = *state;

    add(f, "%s", hst_reference_text("population_study_areas_sya"));
    save(f, 0);
    assert_int_equal(read_files(f, "esp2013"), HST_OK);
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const double *cells = hst_population_cells(f->population, published[i].area, 2011);
        double total = 0;

        assert_non_null(cells);
        for (size_t j = 0; j < 40; j++) { /* two sexes of 19 bands and one outside them */
            total += cells[j];
        }
        assert_close(total, published[i].total, 0);
    }
    assert_int_equal(read_files(f, "esp2013_21"), HST_OK);
    assert_int_equal(hst_population_n_bands(f->population), 20); /* 90-94 and 95+ as one */
}

#define N_ITEMS(array) (sizeof(array) / sizeof(array)[0])

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } plain[] = {
        {"long form, single years", long_single_years},
        {"long form, bands", long_bands},
        {"Nomis", nomis},
        {"MYEB1", myeb1},
        {"wide by age", wide_by_age},
        {"wide by band", wide_by_band},
        {"an early open band merges weights", early_open_band_merges_weights},
        {"ages outside a standard are kept apart", ages_outside_a_standard_are_kept_apart},
        {"several files are one population", several_files_are_one_population},
        {"absent file", absent_file},
        {"no files", no_files},
        {"a duplicate names both lines", duplicate_names_both_lines},
        {"a straddling band", straddling_band},
        {"study areas add up to published totals", study_areas_add_up_to_published_totals},
    };
    struct CMUnitTest tests[96] = {0};
    size_t n = 0;

    for (size_t i = 0; i < N_ITEMS(plain); i++) {
        tests[n++] = (struct CMUnitTest){.name = plain[i].name,
                                         .test_func = plain[i].run,
                                         .setup_func = set_up,
                                         .teardown_func = tear_down};
    }
    for (size_t i = 0; i < N_ITEMS(band_cases); i++) {
        tests[n++] = (struct CMUnitTest){.name = band_cases[i].name,
                                         .test_func = bands_are_checked,
                                         .initial_state = &band_cases[i]};
    }
    for (size_t i = 0; i < N_ITEMS(text_cases); i++) {
        tests[n++] = (struct CMUnitTest){.name = text_cases[i].name,
                                         .test_func = text_is_refused,
                                         .initial_state = &text_cases[i]};
    }
    return _cmocka_run_group_tests("standardise/population", tests, n, NULL, NULL);
}
