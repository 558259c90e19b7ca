/* Episodes written as text, and what was made of them as text. */
#ifndef HESTIA_TESTS_SPELL_SUPPORT_H
#define HESTIA_TESTS_SPELL_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "hestia/spell.h"
#include "tests/support.h"

/** "21" as stored. */
static inline uint16_t code2(const char *text)
{
    return text[0] == '\0' ? 0 : HST_CODE2(text[0], text[1]);
}

static inline void set_field(hst_stay_episode *e, const char *name, const char *value)
{
    const struct {
        const char *name;
        hst_day *day;
    } days[] = {
        {"adm", &e->admidate}, {"dis", &e->disdate}, {"start", &e->epistart}, {"end", &e->epiend}};
    const struct {
        const char *name;
        uint16_t *code;
    } codes[] = {{"meth", &e->admimeth}, {"src", &e->admisorc}, {"dest", &e->disdest}};
    const struct {
        const char *name;
        uint8_t *code;
    } letters[] = {{"stat", &e->epistat}, {"class", &e->classpat}, {"dismeth", &e->dismeth}};
    const struct {
        const char *name;
        uint32_t *number;
    } numbers[] = {{"p", &e->provider}, {"no", &e->spell_number}, {"sus", &e->sus_spell}};

    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        if (strcmp(name, days[i].name) == 0) {
            *days[i].day = (hst_day)atoi(value);
            return;
        }
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(name, codes[i].name) == 0) {
            *codes[i].code = code2(value);
            return;
        }
    }
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (strcmp(name, letters[i].name) == 0) {
            *letters[i].code = (uint8_t)value[0];
            return;
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = (uint32_t)atoi(value);
            return;
        }
    }
    assert_string_equal(name, "order");
    e->epiorder = (uint8_t)atoi(value);
}

/**
 * Reads "KEY START-END NAME=VALUE ..; ..": an ordinary emergency episode with ADMIDATE = START,
 * EPIORDER 1, no DISDATE, provider 1 and spell numbers 1, changed by name. Returns how many.
 */
static inline size_t read_episodes(const char *text, hst_stay_episode *episodes, size_t capacity)
{
    char *copy = strdup(text), *state = NULL;
    size_t n = 0;

    assert_non_null(copy);
    for (char *row = strtok_r(copy, ";", &state); row; row = strtok_r(NULL, ";", &state)) {
        char *inner = NULL, *word = strtok_r(row, " ", &inner), *dash = NULL;
        hst_stay_episode *e = &episodes[n];

        assert_true(n < capacity);
        *e = (hst_stay_episode){.record_key = strtoull(word, NULL, 10),
                                .provider = 1,
                                .spell_number = 1,
                                .sus_spell = 1,
                                .row = (uint32_t)n,
                                .admimeth = code2("21"),
                                .admisorc = code2("19"),
                                .disdest = code2("19"),
                                .epiorder = 1,
                                .epistat = '3',
                                .classpat = '1',
                                .dismeth = '1'};
        word = strtok_r(NULL, " ", &inner);
        e->epistart = e->admidate = (hst_day)strtol(word, &dash, 10);
        e->epiend = (hst_day)atoi(dash + 1);
        for (word = strtok_r(NULL, " ", &inner); word; word = strtok_r(NULL, " ", &inner)) {
            char *equals = strchr(word, '=');

            assert_non_null(equals);
            *equals = '\0';
            set_field(e, word, equals + 1);
        }
        n++;
    }
    free(copy);
    return n;
}

/** Spells in order with the keys of their episodes, those of one continuous spell joined by +,
 * then what is in no spell: "[1 2]+[3] [4] -5". */
static inline void write_spells(char *text, size_t capacity, const hst_spells *spells,
                                const hst_stay_episode *episodes, size_t n)
{
    size_t n_spells = 0, n_cips = 0, at = 0, length = 0;
    const hst_spell *s = hst_spells_get(spells, &n_spells);

    hst_spells_get_cips(spells, &n_cips);
    text[0] = '\0';
    for (size_t i = 0; i < n_spells; i++) {
        const char *joint = i == 0 ? "" : s[i].cips == s[i - 1].cips ? "+" : " ";

        assert_int_equal(s[i].first_episode, at);
        length += (size_t)snprintf(text + length, capacity - length, "%s[", joint);
        for (size_t k = 0; k < s[i].n_episodes; k++, at++) {
            assert_int_equal(episodes[at].spell, i);
            length += (size_t)snprintf(text + length, capacity - length, "%s%llu", k ? " " : "",
                                       (unsigned long long)episodes[at].record_key);
        }
        length += (size_t)snprintf(text + length, capacity - length, "]");
        assert_true(length < capacity);
    }
    for (; at < n; at++) {
        assert_int_equal(episodes[at].spell, HST_NO_SPELL);
        length += (size_t)snprintf(text + length, capacity - length, "%s-%llu", at ? " " : "",
                                   (unsigned long long)episodes[at].record_key);
        assert_true(length < capacity);
    }
}

/** "SWAPPED 1, LINKED 2": the events that are not 0, without those that any person has. */
static inline void write_events(char *text, size_t capacity, const hst_spell_ledger *ledger)
{
    static const char *const names[HST_N_SPELL_EVENTS] = {
        [HST_SPELL_NOT_FINISHED] = "NOT_FINISHED",
        [HST_SPELL_NO_PROVIDER] = "NO_PROVIDER",
        [HST_SPELL_NO_EPISTART] = "NO_EPISTART",
        [HST_SPELL_NO_EPIEND] = "NO_EPIEND",
        [HST_SPELL_NO_ADMIDATE] = "NO_ADMIDATE",
        [HST_SPELL_NO_SUS_SPELL] = "NO_SUS_SPELL",
        [HST_SPELL_DATES_SWAPPED] = "SWAPPED",
        [HST_SPELL_ADMIDATE_FILLED] = "FILLED",
        [HST_SPELL_REGULAR_ATTENDER] = "ATTENDER",
        [HST_SPELL_NUMBER_MISSING] = "NUMBER_MISSING",
        [HST_SPELL_OPEN] = "OPEN",
        [HST_SPELL_DISCHARGE_EARLIER] = "EARLIER",
        [HST_SPELL_NEGATIVE_STAY] = "NEGATIVE",
        [HST_SPELL_BY_ADMIDATE] = "BY_ADMIDATE",
        [HST_SPELL_BY_EPISTART] = "BY_EPISTART",
        [HST_SPELL_BY_UNFINISHED_END] = "BY_END",
        [HST_SPELL_PAIRS] = "PAIRS",
        [HST_SPELL_LINKED] = "LINKED",
        [HST_SPELL_OVERLAP] = "OVERLAP",
        [HST_SPELL_GAP] = "GAP",
        [HST_SPELL_NO_TRANSFER] = "NO_TRANSFER",
        [HST_SPELL_EXCLUDED] = "EXCLUDED",
        [HST_SPELL_ATTENDER_BETWEEN] = "ATTENDER_BETWEEN",
    };
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < HST_N_SPELL_EVENTS; i++) {
        if (names[i] && ledger->n[i] > 0) {
            length +=
                (size_t)snprintf(text + length, capacity - length, "%s%s %llu", length ? ", " : "",
                                 names[i], (unsigned long long)ledger->n[i]);
            assert_true(length < capacity);
        }
    }
}

#endif
