/* Why artificial people come to hospital. Weights are round numbers that give a mix near England's.
 */
#include "cli/synth_reasons.h"

static const synth_reason emergency_reasons[] = {
    {"J181", {2, 2, 7}, 8, "300", NULL},       {"J189", {1, 1, 5}, 8, "300", NULL},
    {"J440", {0, 1, 2.5}, 7, "340", NULL},     {"J441", {0, 1, 2}, 6, "340", NULL},
    {"J459", {5, 2, 1}, 3, "340", NULL},       {"J22X", {4, 1, 4}, 6, "300", NULL},
    {"J219", {8, 0, 0}, 2, "420", NULL},       {"J069", {8, 0, 0}, 1, "420", NULL},
    {"J039", {4, 2, 0}, 1, "120", NULL},       {"K529", {5, 3, 2}, 3, "300", NULL},
    {"A084", {5, 1, 1}, 2, "420", NULL},       {"N390", {2, 3, 6}, 7, "430", NULL},
    {"N10X", {1, 2, 0}, 4, "101", NULL},       {"L031", {1, 3, 2}, 6, "100", NULL},
    {"I500", {0, 1, 5}, 9, "320", NULL},       {"I200", {0, 2, 3}, 4, "320", NULL},
    {"I209", {0, 2, 2}, 3, "320", NULL},       {"I214", {0, 2, 3}, 6, "320", "K634"},
    {"I48X", {0, 1, 3}, 4, "320", NULL},       {"I639", {0, 1, 4}, 16, "328", "U051"},
    {"I619", {0, 0.5, 1}, 14, "328", NULL},    {"R073", {1, 6, 4}, 1, "300", NULL},
    {"R104", {6, 9, 3}, 2, "100", NULL},       {"R55X", {1, 2, 4}, 3, "430", NULL},
    {"R568", {4, 2, 1}, 2, "300", NULL},       {"G409", {1, 1, 1}, 3, "400", NULL},
    {"S720", {0, 0.5, 5}, 16, "110", "W241"},  {"S525", {4, 2, 2}, 2, "110", "W268"},
    {"S099", {6, 2, 1}, 1, "180", NULL},       {"T391", {1, 5, 0}, 1, "300", NULL},
    {"F03X", {0, 0, 1.5}, 30, "715", NULL},    {"K359", {3, 2, 0}, 3, "100", "H011"},
    {"K803", {0, 2, 1}, 5, "100", NULL},       {"D509", {0, 1, 1}, 3, "300", NULL},
    {"J209", {1, 1, 2}, 5, "340", NULL},       {"I500", {0, 0.2, 1}, 11, "320", "K601"},
    {"L031", {0, 0.5, 0.5}, 9, "160", "S422"}, {"R69X", {1.5, 1.5, 1.5}, 3, "300", NULL},
};

static const synth_reason elective_reasons[] = {
    {"H259", {0, 1, 14}, 1, "130", "C751"}, {"H269", {0, 1, 8}, 1, "130", "C712"},
    {"K409", {3, 3, 3}, 1, "100", "T202"},  {"K635", {0, 5, 7}, 1, "100", "H221"},
    {"K297", {1, 7, 5}, 1, "301", "G451"},  {"C509", {0, 6, 5}, 3, "800", "X723"},
    {"C61X", {0, 1, 5}, 3, "101", "X723"},  {"C189", {0, 3, 5}, 7, "100", "H071"},
    {"Z511", {2, 6, 6}, 2, "800", "X725"},  {"M171", {0, 2, 6}, 6, "110", "W401"},
    {"M169", {0, 2, 5}, 6, "110", "W371"},  {"M232", {0, 5, 1}, 1, "110", "W822"},
    {"N40X", {0, 1, 4}, 3, "101", "M653"},  {"I251", {0, 3, 4}, 3, "320", "K633"},
    {"I839", {0, 4, 1}, 1, "100", "L851"},  {"J350", {12, 2, 0}, 1, "120", "F341"},
    {"H653", {14, 0, 0}, 1, "120", "D151"}, {"K029", {12, 3, 0}, 1, "140", "F091"},
    {"N920", {0, 6, 0}, 2, "502", "Q181"},  {"O049", {0, 8, 0}, 1, "502", "Q111"},
    {"M544", {0, 5, 3}, 2, "110", "V544"},  {"R69X", {1, 1, 1}, 1, "300", NULL},
};

static const synth_reason diabetes_reasons[] = {
    {"E101", {1, 1, 0}, 4, "300", NULL},  {"E106", {1, 1, 1}, 4, "302", NULL},
    {"E115", {0, 2, 3}, 12, "300", NULL}, {"E116", {0, 2, 4}, 6, "302", NULL},
    {"E119", {0, 1, 1}, 4, "300", NULL},  {"E149", {1, 1, 1}, 3, "300", NULL},
};

static const char *const other_conditions[] = {"I10X", "I259", "E780", "N189", "J449", "M199",
                                               "I489", "Z864", "E039", "F329", "Z921", "I252",
                                               "K219", "D649", "Z880", "H409"};

static size_t group_of(double age)
{
    return age < 18 ? 0 : age < 65 ? 1 : 2;
}

static const synth_reason *choose(synth_rng *rng, const synth_reason *reasons, size_t n,
                                  size_t group)
{
    double sum = 0, at = 0;
    size_t i = 0;

    for (i = 0; i < n; i++) {
        sum += reasons[i].weights[group];
    }
    at = synth_uniform(rng) * sum;
    for (i = 0; i + 1 < n && at >= reasons[i].weights[group]; i++) {
        at -= reasons[i].weights[group];
    }
    return &reasons[i];
}

const synth_reason *synth_emergency_reason(synth_rng *rng, const synth_person *person, hst_date day)
{
    static const synth_reason dementia = {"F03X", {0, 0, 1}, 30, "715", NULL};
    static const synth_reason copd = {"J441", {0, 1, 1}, 7, "340", NULL};
    static const synth_reason copd_infection = {"J440", {0, 1, 1}, 8, "340", NULL};
    static const synth_reason heart_failure = {"I500", {0, 1, 1}, 10, "320", NULL};
    double u = synth_uniform(rng);
    size_t group = group_of(synth_age_on(person, day));

    if (synth_has_diabetes(person, day) && (u -= 0.14) < 0) {
        return choose(rng, diabetes_reasons, sizeof diabetes_reasons / sizeof *diabetes_reasons,
                      group);
    }
    if (person->has_dementia && (u -= 0.08) < 0) {
        return &dementia;
    }
    if (person->has_copd && (u -= 0.35) < 0) {
        return u < -0.2 ? &copd : &copd_infection;
    }
    if (person->has_heart_failure && (u -= 0.25) < 0) {
        return &heart_failure;
    }
    return choose(rng, emergency_reasons, sizeof emergency_reasons / sizeof *emergency_reasons,
                  group);
}

const synth_reason *synth_elective_reason(synth_rng *rng, const synth_person *person, hst_date day)
{
    return choose(rng, elective_reasons, sizeof elective_reasons / sizeof *elective_reasons,
                  group_of(synth_age_on(person, day)));
}

const char *synth_other_condition(synth_rng *rng)
{
    return other_conditions[synth_below(rng, sizeof other_conditions / sizeof *other_conditions)];
}
