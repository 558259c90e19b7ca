/* Spells of any episodes whatever must hold together.
 *
 * The first byte of the input chooses the rules; each 36 bytes after it are an episode. */
#include <stdlib.h>
#include <string.h>

#include "hestia/spell.h"

enum { EPISODE_BYTES = 36, MAX_EPISODES = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Days and numbers of a few values meet more often. */
static void read_episode(const uint8_t *bytes, hst_stay_episode *e)
{
    memset(e, 0, sizeof *e);
    memcpy(&e->record_key, bytes, sizeof e->record_key);
    e->provider = bytes[8] % 4;
    e->spell_number = bytes[9] % 4;
    e->sus_spell = bytes[10] % 4;
    memcpy(&e->admidate, bytes + 12, 2);
    memcpy(&e->disdate, bytes + 14, 2);
    memcpy(&e->epistart, bytes + 16, 2);
    memcpy(&e->epiend, bytes + 18, 2);
    memcpy(&e->admimeth, bytes + 20, 2);
    memcpy(&e->admisorc, bytes + 22, 2);
    memcpy(&e->disdest, bytes + 24, 2);
    e->epiorder = bytes[26];
    e->epistat = bytes[27];
    e->classpat = bytes[28];
    e->dismeth = bytes[29];
    e->row = bytes[30];
}

static void check(const hst_spells *spells, const hst_stay_episode *episodes, size_t n,
                  const hst_spell_ledger *ledger)
{
    size_t n_spells = 0, n_cips = 0, at = 0, cips_at = 0;
    const hst_spell *s = hst_spells_get(spells, &n_spells);
    const hst_cips *cips = hst_spells_get_cips(spells, &n_cips);

    for (size_t i = 0; i < n_spells; i++) {
        require(s[i].first_episode == at && s[i].n_episodes > 0 && s[i].n_episodes <= n - at);
        require(s[i].last_episode >= at && s[i].last_episode < at + s[i].n_episodes);
        require(s[i].start > 0 && s[i].start <= s[i].end && s[i].epistart >= s[i].start);
        require(i == 0 || s[i].start >= s[i - 1].start);
        require(s[i].disdate == episodes[s[i].last_episode].disdate);
        for (size_t k = 0; k < s[i].n_episodes; k++, at++) {
            require(episodes[at].spell == i && !(episodes[at].notes & HST_STAY_INVALID));
            require(episodes[at].epistart <= episodes[at].epiend);
            require(episodes[at].record_key >= s[i].smallest_key);
        }
    }
    for (size_t c = 0; c < n_cips; c++) {
        require(cips[c].first_spell == cips_at && cips[c].n_spells > 0);
        for (size_t i = 0; i < cips[c].n_spells; i++, cips_at++) {
            require(cips_at < n_spells && s[cips_at].cips == c);
        }
    }
    require(cips_at == n_spells && ledger->n[HST_SPELL_CIPS] == n_cips);
    for (; at < n; at++) {
        require(episodes[at].spell == HST_NO_SPELL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hst_stay_episode episodes[MAX_EPISODES];
    size_t n = size > 0 ? (size - 1) / EPISODE_BYTES : 0;
    hst_spell_ledger ledger = {{0}};
    hst_spells *spells = NULL;

    if (size == 0 || n > MAX_EPISODES) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        read_episode(data + 1 + i * EPISODE_BYTES, &episodes[i]);
    }
    if (hst_spells_create(&spells, (hst_spell_rule)(data[0] % 3), (hst_cips_rule)(data[0] / 3 % 3),
                          NULL) == HST_OK &&
        hst_spells_build(spells, episodes, n, &ledger, NULL) == HST_OK) {
        check(spells, episodes, n, &ledger);
    }
    hst_spells_free(spells);
    return 0;
}
