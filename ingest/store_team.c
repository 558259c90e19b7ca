/* The store of a team: one that all share, or one on each host. */
#include "hestia/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "ingest/store_internal.h"

enum { TOKEN_BYTES = 16, PARTS_OF_A_MEMBER = 1 << 20 };

/* What the leader tells of its store. */
typedef struct introduction {
    char token[2 * TOKEN_BYTES + sizeof "team-.part"]; /* a file in it, which nobody else has */
    uint64_t n_partitions, key_check;
} introduction;

/* A file of a name that no store of another host has. Its name is one that the next writer removes.
 */
static hst_status put_token(const hst_store *store, char *name, size_t room, hst_error *err)
{
    uint8_t noise[TOKEN_BYTES];
    char hex[2 * TOKEN_BYTES + 1];

    randombytes_buf(noise, sizeof noise);
    sodium_bin2hex(hex, sizeof hex, noise, sizeof noise);
    snprintf(name, room, "team-%s.part", hex);
    return hst_store_write_file(store->directory, store->path, name, store->file_mode, "", 0, err);
}

static bool sees_token(const char *path, const char *name)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool sees = directory >= 0 && faccessat(directory, name, F_OK, 0) == 0;

    if (directory >= 0) {
        close(directory);
    }
    return sees;
}

/* Whether the others see the leader's store; all of them or none. */
static hst_status find_out(bool *is_shared, hst_team *team, const char *path, const char *token,
                           hst_error *err)
{
    const char sees = hst_team_leads(team) || sees_token(path, token);
    size_t n_see = 0;
    hst_team_parts parts;
    hst_status status = hst_team_gather(&parts, team, "store seen", &sees, 1, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 1; i < parts.n; i++) {
        n_see += parts.items[i].n == 1 && parts.items[i].bytes[0] != 0;
    }
    hst_team_parts_clear(&parts);
    *is_shared = n_see > 0;
    if (n_see > 0 && n_see + 1 < hst_team_size(team)) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s: %zu of %zu processes see the leader's store and the others do not; "
                        "give all of them one on a file system that they share, or start one "
                        "process on each host",
                        path, n_see + 1, hst_team_size(team));
    }
    return HST_OK;
}

static hst_status join(hst_store **out, const char *path, hst_team *team, hst_error *err)
{
    hst_status status = hst_store_open(out, path, false, HST_STORE_JOIN, err);

    if (status == HST_OK) {
        (*out)->member = hst_team_number(team);
        atomic_store(&(*out)->n_written, (unsigned)(*out)->member * PARTS_OF_A_MEMBER);
        status = hst_catalogue_begin_own(*out, err);
    }
    return status;
}

/* A store of this host's own, whose people have the numbers that they have in the leader's. */
static hst_status open_own(hst_store **out, const char *path, const introduction *leader,
                           const uint8_t *key, hst_error *err)
{
    const hst_store_options options = {.key = key, .n_partitions = (size_t)leader->n_partitions};
    hst_status status = HST_OK;

    if (access(path, F_OK) != 0) {
        status = hst_store_init(path, &options, err);
    }
    if (status == HST_OK) {
        status = hst_store_open(out, path, false, HST_STORE_WRITE, err);
    }
    if (status == HST_OK &&
        ((*out)->key_check != leader->key_check || (*out)->n_partitions != leader->n_partitions)) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s was made with another key, or other partitions, than the store of "
                          "the first host: remove it (`hestia store purge %s`), it is made anew "
                          "with that one's",
                          path, path);
    }
    return status;
}

/* The leader's key travels only where each host has a store of its own. */
static hst_status open_apart(hst_store **out, const char *path, hst_team *team,
                             const introduction *leader, hst_error *err)
{
    uint8_t key[HST_STORE_KEY_BYTES] = {0};
    hst_status status = HST_OK;

    if (hst_team_leads(team)) {
        memcpy(key, (*out)->key, sizeof key);
    }
    status = hst_team_share(team, "store key", key, sizeof key, err);
    if (status == HST_OK && !hst_team_leads(team)) {
        status = open_own(out, path, leader, key, err);
    }
    sodium_memzero(key, sizeof key);
    if (status == HST_OK) {
        (*out)->is_apart = true;
    }
    return status;
}

hst_status hst_store_open_together(hst_store **out, const char *path, hst_team *team,
                                   hst_error *err)
{
    introduction leader = {0};
    bool is_shared = true;
    hst_status status = HST_OK;

    *out = NULL;
    if (hst_team_leads(team)) {
        status = hst_store_open(out, path, true, HST_STORE_WRITE, err);
    }
    if (!team) {
        return status;
    }
    if (status == HST_OK && *out) {
        leader.n_partitions = (*out)->n_partitions;
        leader.key_check = (*out)->key_check;
        status = put_token(*out, leader.token, sizeof leader.token, err);
    }
    status = hst_team_agree(team, "store", status, err);
    if (status == HST_OK) {
        status = hst_team_share(team, "store token", &leader, sizeof leader, err);
    }
    if (status == HST_OK) {
        leader.token[sizeof leader.token - 1] = '\0';
        status = find_out(&is_shared, team, path, leader.token, err);
    }
    if (*out && leader.token[0]) {
        unlinkat((*out)->directory, leader.token, 0);
    }
    if (status == HST_OK && !is_shared) {
        status = open_apart(out, path, team, &leader, err);
    } else if (status == HST_OK && !hst_team_leads(team)) {
        status = join(out, path, team, err);
    }
    status = hst_team_agree(team, "store open", status, err);
    if (status != HST_OK) {
        hst_store_close(*out);
        *out = NULL;
    }
    return status;
}

/* The slices of this member of a team of this size. */
static hst_status open_slices(hst_store *store, const hst_team *team, hst_error *err)
{
    const mode_t mode = store->file_mode == 0640 ? 02750 : 0700;
    char name[sizeof HST_STORE_SLICES + 64];

    snprintf(name, sizeof name, HST_STORE_SLICES "%zu-of-%zu", hst_team_number(team) + 1,
             hst_team_size(team));
    if ((mkdirat(store->directory, name, 0700) != 0 && errno != EEXIST) ||
        (store->slices = openat(store->directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        (store->may_write && fchmod(store->slices, mode) != 0)) {
        return hst_fail_errno(err, "cannot set up", store->path, name);
    }
    return store->may_write ? hst_store_remove_parts(store->slices, store->path, err) : HST_OK;
}

hst_status hst_store_use_slices(hst_store *store, const hst_team *team, hst_error *err)
{
    return store->is_apart && store->slices < 0 ? open_slices(store, team, err) : HST_OK;
}

hst_status hst_store_read_together(hst_store **out, const hst_store *store, hst_team *team,
                                   hst_error *err)
{
    hst_status status = hst_store_open(out, store->path, false, HST_STORE_READ, err);

    if (status == HST_OK) {
        (*out)->is_apart = store->is_apart;
        status = hst_store_use_slices(*out, team, err);
    }
    return status;
}

bool hst_store_is_apart(const hst_store *store)
{
    return store->is_apart;
}
