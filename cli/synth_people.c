/* Artificial people: born when, ill with what, living where, dying when.
 *
 * Assumptions. Death follows Gompertz. Chronic illness is a matter of the age at the end of the
 * window; nobody who is born in it has diabetes. Who moves goes to the area of somebody drawn from
 * the whole country, so that areas keep their size. */
#include "cli/synth.h"

#include <math.h>

static const double DAYS_PER_YEAR = 365.25;
static const double NEW_CASES = 0.4; /* of the people with diabetes: found in the window */
static const double MOVERS = 0.05;   /* share of people that moves to another area in the window */

double synth_age_on(const synth_person *person, hst_date date)
{
    return (double)(date - person->birth) / DAYS_PER_YEAR;
}

/* Sex, and age in mid-year of the window's first year: negative for those born later. */
static double draw_age(synth_person *person, const synth_world *world, synth_rng *rng)
{
    size_t n_births = (size_t)(world->options.last_year - world->options.first_year + 1);
    size_t n_ages = SYNTH_N_AGES + n_births, low = 0, high = 2 * n_ages - 1;
    const double *cumulative = world->cumulative[world->areas[person->area].structure];
    double at = synth_uniform(rng) * cumulative[high], age = 0;

    while (low < high) { /* first entry above `at` */
        size_t middle = (low + high) / 2;

        if (cumulative[middle] > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    person->sex = low < n_ages ? '1' : '2';
    age = (double)(low % n_ages) - (double)n_births + synth_uniform(rng);
    return age >= SYNTH_N_AGES - 1 ? age + fmin(synth_exponential(rng, 2.5), 18) : age;
}

static hst_date draw_death(const synth_person *person, const synth_world *world, synth_rng *rng)
{
    static const double GOMPERTZ_A = 0.00004, GOMPERTZ_B = 0.095; /* hazard A exp(B age), a year */
    double alive_age = fmax(0, synth_age_on(person, world->first_day));
    double death_age =
        log(exp(GOMPERTZ_B * alive_age) + GOMPERTZ_B / GOMPERTZ_A * synth_exponential(rng, 1)) /
        GOMPERTZ_B;

    return person->birth + (hst_date)(fmax(death_age, alive_age + 0.01) * DAYS_PER_YEAR);
}

static void fall_ill(synth_person *person, const synth_world *world, synth_rng *rng)
{
    double age = synth_age_on(person, world->last_day), u = 0;

    bool has_diabetes = synth_uniform(rng) < (age < 40   ? 0.008
                                              : age < 65 ? 0.055
                                                         : 0.16) &&
                        person->birth < world->first_day;

    person->diagnosed = world->last_day + 1000;
    if (has_diabetes) {
        double late = synth_uniform(rng) / NEW_CASES; /* above 1: known before the window */
        double days = (double)(world->last_day - world->first_day);

        person->diagnosed = world->first_day + (hst_date)(late < 1 ? late * days : -1000);
    }
    person->has_dementia = synth_uniform(rng) < (age < 65   ? 0
                                                 : age < 75 ? 0.015
                                                 : age < 85 ? 0.07
                                                            : 0.2);
    person->has_copd = synth_uniform(rng) < (age < 45 ? 0.001 : age < 65 ? 0.018 : 0.05);
    person->has_heart_failure = synth_uniform(rng) < (age < 55 ? 0.001 : age < 75 ? 0.015 : 0.06);
    u = synth_uniform(rng);
    person->review = !has_diabetes || u > 0.8 ? SYNTH_REVIEW_NOWHERE
                     : u < 0.45               ? SYNTH_REVIEW_DIABETIC_MEDICINE
                                              : SYNTH_REVIEW_GENERAL_MEDICINE;
}

void synth_draw_person(synth_person *person, const synth_world *world, uint64_t number)
{
    synth_rng rng = synth_rng_of(world->options.seed, 1000 + number);
    hst_date mid_year = hst_date_from_civil(world->options.first_year, 6, 30);

    *person = (synth_person){.number = number, .area = synth_area_of(world, number)};
    person->birth = mid_year - (hst_date)ceil(draw_age(person, world, &rng) * DAYS_PER_YEAR);
    person->death = draw_death(person, world, &rng);
    fall_ill(person, world, &rng);
    person->frailty = synth_exponential(&rng, 1);
    person->next_area = person->area;
    person->moves = world->last_day + 1000;
    if (synth_uniform(&rng) < MOVERS) {
        size_t days = (size_t)(world->last_day - world->first_day);
        uint64_t model = (uint64_t)(synth_uniform(&rng) * (double)world->n_persons);

        person->moves = world->first_day + (hst_date)synth_below(&rng, days);
        person->next_area = synth_area_of(world, model);
    }
}
