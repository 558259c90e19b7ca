#ifndef HESTIA_YAML_INTERNAL_H
#define HESTIA_YAML_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/status.h"

/** What a YAML node is. */
typedef enum hst_yaml_kind { HST_YAML_SCALAR, HST_YAML_LIST, HST_YAML_MAPPING } hst_yaml_kind;

/**
 * One node of a YAML file, with aliases followed and merge keys applied: a mapping holds its own
 * pairs in written order, then those merged under it. Aliased nodes are shared, not copied.
 */
typedef struct hst_yaml hst_yaml;
struct hst_yaml {
    hst_yaml_kind kind;
    char *text;             /**< of a scalar; "" for null */
    bool is_null;           /**< nothing written, `~` or `null`, unquoted */
    size_t n;               /**< items of a list, pairs of a mapping */
    const hst_yaml **keys;  /**< [n] scalars, of a mapping */
    const hst_yaml **items; /**< [n] items of a list, values of a mapping */
    size_t line, column;    /**< from 1; of a list or mapping: of its first entry */
    size_t n_nodes;         /**< nodes in it when every alias is written out */
    hst_yaml *next;         /**< the document's chain of nodes */
};

typedef struct hst_yaml_document {
    const hst_yaml *root; /**< NULL when the file holds nothing but comments */
    hst_yaml *nodes;      /**< all nodes, for freeing */
} hst_yaml_document;

/**
 * Reads a file that holds one YAML 1.2 document.
 *
 * @return HST_ERR_USAGE: absent, unreadable, not UTF-8, a fault of syntax, a key twice, an alias
 * without anchor ("path, line 3, column 7: ..."); HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_yaml_read(hst_yaml_document *out, const char *path, hst_error *err);
void hst_yaml_clear(hst_yaml_document *document);

/** Value of a key, or NULL. */
const hst_yaml *hst_yaml_get(const hst_yaml *mapping, const char *key);

#endif
