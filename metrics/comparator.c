/* Comparators: the whole of England, and pooled lists of areas for each site. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area_internal.h"
#include "hestia/table.h"

static hst_status add_group(hst_areas *areas, hst_area_group **out, hst_error *err)
{
    hst_area_group *groups = realloc(areas->groups, (areas->n_groups + 1) * sizeof *groups);

    if (!groups) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the comparators");
    }
    areas->groups = groups;
    *out = &groups[areas->n_groups++];
    **out = (hst_area_group){.site = UINT32_MAX};
    return HST_OK;
}

static hst_status add_member(hst_area_group *group, uint32_t area, double weight, hst_error *err)
{
    hst_area_member *members = realloc(group->members, (group->n_members + 1) * sizeof *members);

    if (!members) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the comparators");
    }
    group->members = members;
    members[group->n_members++] = (hst_area_member){area, weight};
    return HST_OK;
}

static hst_status name_group(const hst_areas *areas, hst_area_group *group,
                             const hst_comparator *comparator, hst_error *err)
{
    const char *whole = comparator->population_area ? comparator->population_area : "";
    int n = 0;

    if (group->site == UINT32_MAX) {
        n = snprintf(group->name, sizeof group->name, "%s", comparator->name);
    } else {
        n = snprintf(group->name, sizeof group->name, "%s (%s)", comparator->name,
                     areas->entries[group->site].code);
    }
    if (n < 0 || (size_t)n >= sizeof group->name || strlen(whole) >= HST_CODE_BYTES) {
        return hst_fail(err, HST_ERR_USAGE, "comparator `%s`: name or population_area is too long",
                        comparator->name);
    }
    memcpy(group->population_area, whole, strlen(whole) + 1);
    return HST_OK;
}

static hst_status build_whole(hst_areas *areas, const hst_comparator *comparator, hst_error *err)
{
    hst_area_group *group = NULL;
    hst_status status = add_group(areas, &group, err);

    if (status) {
        return status;
    }
    group->is_england = true;
    for (size_t i = 0; i < areas->n && !status; i++) {
        status = add_member(group, (uint32_t)i, 1, err);
    }
    return status ? status : name_group(areas, group, comparator, err);
}

static int compare_members(const void *a, const void *b)
{
    const hst_area_member *x = a, *y = b;

    return (x->area > y->area) - (x->area < y->area);
}

static bool same_members(const hst_area_group *a, const hst_area_group *b)
{
    if (a->n_members != b->n_members) {
        return false;
    }
    for (size_t i = 0; i < a->n_members; i++) {
        if (a->members[i].area != b->members[i].area ||
            a->members[i].weight != b->members[i].weight) {
            return false;
        }
    }
    return true;
}

/* The group of a site among those from `first` on, made when it is new. */
static hst_status take_site_group(hst_areas *areas, size_t first, uint32_t site,
                                  hst_area_group **out, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = first; i < areas->n_groups; i++) {
        if (areas->groups[i].site == site) {
            *out = &areas->groups[i];
            return HST_OK;
        }
    }
    status = add_group(areas, out, err);
    if (!status) {
        (*out)->site = site;
    }
    return status;
}

static hst_status read_member(hst_areas *areas, const hst_study *study, const hst_table *table,
                              size_t row, const size_t columns[3], size_t first, hst_error *err)
{
    size_t site = hst_areas_find(areas, hst_table_cell(table, row, columns[0]));
    size_t area = hst_areas_find(areas, hst_table_cell(table, row, columns[1]));
    hst_area_group *group = NULL;
    double weight = 1;
    hst_status status = HST_OK;

    if (site == SIZE_MAX || area == SIZE_MAX) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: not in the area list",
                        hst_table_name(table), hst_table_line(table, row),
                        site == SIZE_MAX ? "area" : "comparator");
    }
    if (columns[2] != SIZE_MAX) {
        status = hst_table_double(table, row, columns[2], &weight, err);
        if (status) {
            return status;
        }
        if (!(weight > 0)) {
            return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: a weight must be above 0",
                            hst_table_name(table), hst_table_line(table, row));
        }
    }
    if (study->areas.sites.n > 0 && !areas->entries[site].is_site) {
        return HST_OK; /* a list for more areas than this study looks at */
    }
    status = take_site_group(areas, first, (uint32_t)site, &group, err);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < group->n_members; i++) {
        if (group->members[i].area == area) {
            return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: the pair stands twice",
                            hst_table_name(table), hst_table_line(table, row));
        }
    }
    return add_member(group, (uint32_t)area, weight, err);
}

/* Sites with the same members share one series, which then has the plain name. */
static void pool_equal_groups(hst_areas *areas, size_t first)
{
    for (size_t i = first; i < areas->n_groups; i++) {
        qsort(areas->groups[i].members, areas->groups[i].n_members, sizeof(hst_area_member),
              compare_members);
        if (!same_members(&areas->groups[first], &areas->groups[i])) {
            return;
        }
    }
    while (areas->n_groups > first + 1) {
        free(areas->groups[--areas->n_groups].members);
    }
    areas->groups[first].site = UINT32_MAX;
}

static int compare_groups(const void *a, const void *b)
{
    const hst_area_group *x = a, *y = b;

    return (x->site > y->site) - (x->site < y->site);
}

static hst_status build_listed(hst_areas *areas, const hst_study *study,
                               const hst_comparator *comparator, hst_error *err)
{
    hst_table *table = NULL;
    size_t columns[3] = {0}, first = areas->n_groups;
    hst_status status = hst_table_read(&table, comparator->file, err);

    if (!status) {
        status = hst_table_require(table, "area", &columns[0], err);
    }
    if (!status) {
        status = hst_table_require(table, "comparator", &columns[1], err);
    }
    if (status) {
        goto done;
    }
    columns[2] = hst_table_find(table, "weight");
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = read_member(areas, study, table, row, columns, first, err);
        if (status) {
            goto done;
        }
    }
    if (areas->n_groups == first) {
        status =
            hst_fail(err, HST_ERR_INPUT, "%s: no row for any site of the study", comparator->file);
        goto done;
    }
    qsort(areas->groups + first, areas->n_groups - first, sizeof *areas->groups, compare_groups);
    pool_equal_groups(areas, first);
    for (size_t i = first; i < areas->n_groups && !status; i++) {
        status = name_group(areas, &areas->groups[i], comparator, err);
    }

done:
    hst_table_free(table);
    return status;
}

hst_status hst_comparators_build(hst_areas *areas, const hst_study *study, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < study->areas.n_comparators && !status; i++) {
        const hst_comparator *comparator = &study->areas.comparators[i];

        status = comparator->file ? build_listed(areas, study, comparator, err)
                                  : build_whole(areas, comparator, err);
    }
    return status;
}
