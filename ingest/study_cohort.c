/* Groups of people that a study names, and numbers of others that are set beside its own. */
#include "study_reader.h"

#include <string.h>

/** All ages that are kept. */
enum { OLDEST = 120 };

static bool has_inpatients(const hst_study *study)
{
    for (size_t i = 0; i < study->n_extracts; i++) {
        if (study->extracts[i].dataset == HST_DATASET_APC) {
            return true;
        }
    }
    return false;
}

static void check_source(const hst_scope *s, const hst_study *study, const hst_study_cohort *cohort)
{
    const hst_yaml *positions = hst_scope_find(s, "positions");

    if ((cohort->condition.n > 0) == (cohort->file != NULL)) {
        hst_reader_fail(s->reader, s->mapping,
                        "cohort `%s` needs either a `condition` or a `file` of people", cohort->id);
    } else if (cohort->file && (positions || cohort->window.from != HST_DATE_MISSING)) {
        hst_reader_fail(s->reader, positions ? positions : hst_scope_find(s, "window"),
                        "`%s` goes with a `condition`, not with a `file`",
                        positions ? "positions" : "window");
    } else if (!cohort->file && !has_inpatients(study)) {
        hst_reader_fail(s->reader, s->mapping,
                        "cohort `%s` is found in inpatient rows, and no extract has `dataset: "
                        "apc`; add one, or list its people in a `file`",
                        cohort->id);
    }
}

static void read_cohort(hst_scope s, const hst_study *study, hst_study_cohort *cohort)
{
    hst_scope list = hst_scope_inner(&s, "register");

    cohort->line = s.mapping->line;
    cohort->id = hst_scope_text(&s, "id");
    cohort->title =
        hst_scope_find(&s, "title") ? hst_scope_text(&s, "title") : hst_scope_text(&s, "id");
    cohort->condition = hst_scope_texts(&s, "condition");
    cohort->positions = (hst_positions)hst_scope_choice(&s, "positions", HST_POSITIONS_OF_SET);
    cohort->window = hst_scope_window(&s, "window");
    cohort->file = hst_scope_file(&s, "file");
    cohort->register_age_to = OLDEST;
    if (list.mapping) {
        cohort->register_file = hst_scope_file(&list, "file");
        hst_scope_range(&list, "age", &cohort->register_age_from, &cohort->register_age_to);
    }
    check_source(&s, study, cohort);
}

void hst_study_read_cohorts(const hst_scope *s, hst_study *study)
{
    const hst_yaml *cohorts = hst_scope_find(s, "cohorts");
    size_t n = hst_yaml_count(cohorts);

    if (n == 0) {
        return;
    }
    if (n > HST_MAX_COHORTS) {
        hst_reader_fail(s->reader, cohorts, "a study can have %d cohorts, and here are %zu",
                        HST_MAX_COHORTS, n);
    }
    study->cohorts = hst_reader_allocate(s->reader, n, sizeof *study->cohorts);
    study->n_cohorts = study->cohorts ? n : 0;
    for (size_t i = 0; i < study->n_cohorts; i++) {
        const hst_yaml *item = hst_yaml_item(cohorts, i);

        read_cohort((hst_scope){s->reader, HST_GROUP_COHORT, item, NULL}, study,
                    &study->cohorts[i]);
        for (size_t j = 0; j < i && !s->reader->status; j++) {
            if (strcmp(study->cohorts[j].id, study->cohorts[i].id) == 0) {
                hst_reader_fail(s->reader, hst_yaml_get(item, "id"),
                                "two cohorts have the id `%s` (the other is on line %zu)",
                                study->cohorts[i].id, study->cohorts[j].line);
            }
        }
    }
}

void hst_study_read_reported(const hst_scope *s, hst_study *study)
{
    const hst_yaml *reported = hst_scope_find(s, "reported");
    size_t n = hst_yaml_count(reported);

    study->reported = n > 0 ? hst_reader_allocate(s->reader, n, sizeof *study->reported) : NULL;
    study->n_reported = study->reported ? n : 0;
    for (size_t i = 0; i < study->n_reported && !s->reader->status; i++) {
        hst_scope item = {s->reader, HST_GROUP_REPORTED, hst_yaml_item(reported, i), NULL};
        hst_study_reported *line = &study->reported[i];

        line->line = item.mapping->line;
        line->measure = hst_scope_text(&item, "measure");
        line->area = hst_scope_text(&item, "area");
        line->file = hst_scope_file(&item, "file");
        hst_study_check_measures(&item, study, "measure");
    }
}
