#include "unit_internal.h"

#include <stdlib.h>
#include <string.h>

enum { N_DAYS = 65536 };

static size_t day_of(hst_date date)
{
    return (size_t)(date - HST_DAY_EPOCH + 1);
}

hst_period hst_unit_cut_period(const hst_compiled_measure *measure, bool at_end)
{
    const hst_window *window = &measure->measure->period;

    return hst_period_of(measure->finest, at_end ? window->to : window->from);
}

hst_status hst_unit_rule_init(hst_unit_rule *rule, const hst_compiled_measure *measure,
                              hst_error *err)
{
    const hst_window *window = &measure->measure->period;
    const hst_period *periods = measure->periods[hst_by_index(measure->finest)];
    size_t n = measure->n_periods[hst_by_index(measure->finest)];
    size_t from = day_of(window->from), to = day_of(window->to);
    size_t first_complete = n > 0 ? day_of(periods[0].start) : to + 1;

    *rule = (hst_unit_rule){.dataset = measure->dataset,
                            .asked_of = measure->asked_of,
                            .first_only = measure->first_only,
                            .by_discharge = measure->by_discharge,
                            .needs_stay = measure->needs_stay,
                            .is_placed = measure->is_placed,
                            .takes_unfinished = measure->takes_unfinished,
                            .takes_incomplete = measure->takes_incomplete,
                            .los_min = measure->los_min};
    memcpy(rule->class_ok, measure->class_ok, sizeof rule->class_ok);
    rule->period_of_day = malloc(N_DAYS * sizeof *rule->period_of_day);
    if (!rule->period_of_day) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the days of a measure");
    }
    if (n == 0) { /* the window lies in one or two periods and cuts them all */
        first_complete = day_of(hst_unit_cut_period(measure, false).end) + 1;
    }
    for (size_t day = 0; day < N_DAYS; day++) {
        rule->period_of_day[day] = day < from || day > to ? HST_DAY_OUTSIDE
                                   : day < first_complete ? HST_DAY_CUT_START
                                                          : HST_DAY_CUT_END;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t day = day_of(periods[i].start); day <= day_of(periods[i].end); day++) {
            rule->period_of_day[day] = (uint16_t)i;
        }
    }
    return HST_OK;
}

void hst_unit_rule_clear(hst_unit_rule *rule)
{
    free(rule->period_of_day);
    *rule = (hst_unit_rule){0};
}

bool hst_unit_rule_is_same(const hst_compiled_measure *a, const hst_compiled_measure *b)
{
    return a->dataset == b->dataset && a->asked_of == b->asked_of &&
           a->first_only == b->first_only && a->by_discharge == b->by_discharge &&
           a->needs_stay == b->needs_stay && a->is_placed == b->is_placed &&
           a->takes_unfinished == b->takes_unfinished &&
           a->takes_incomplete == b->takes_incomplete && a->los_min == b->los_min &&
           a->finest == b->finest && a->measure->period.from == b->measure->period.from &&
           a->measure->period.to == b->measure->period.to &&
           memcmp(a->class_ok, b->class_ok, sizeof a->class_ok) == 0;
}

/* First period that a placed stay has a day in: of its nights, or of its only day. */
static hst_step ask_placed(const hst_unit_rule *rule, const hst_episode *stay, uint16_t *period)
{
    hst_day last = stay->disdate > stay->admidate ? (hst_day)(stay->disdate - 1) : stay->disdate;
    hst_step first_step = hst_unit_rule_ask_day(rule, stay->admidate, period);

    for (hst_day day = stay->admidate; day <= last && day != 0; day++) {
        if (hst_unit_rule_ask_day(rule, day, period) == HST_STEP_ASKED) {
            return HST_STEP_ASKED;
        }
    }
    return first_step;
}

hst_step hst_unit_rule_ask_stay(const hst_unit_rule *rule, const hst_episode *stay,
                                uint16_t *period)
{
    hst_step step = HST_STEP_ASKED;

    if (stay->disdate == 0 && (rule->by_discharge || rule->needs_stay)) {
        return HST_STEP_NO_DISDATE;
    }
    if (rule->needs_stay &&
        (stay->disdate < stay->admidate || stay->disdate - stay->admidate > HST_LONGEST_STAY)) {
        return HST_STEP_NO_STAY;
    }
    if (rule->needs_stay && (uint32_t)(stay->disdate - stay->admidate) < rule->los_min) {
        return HST_STEP_SHORT;
    }
    step = rule->is_placed ? ask_placed(rule, stay, period)
                           : hst_unit_rule_ask_day(
                                 rule, rule->by_discharge ? stay->disdate : stay->admidate, period);
    return step != HST_STEP_ASKED || rule->class_ok[stay->classpat] ? step : HST_STEP_OTHER_CLASS;
}
