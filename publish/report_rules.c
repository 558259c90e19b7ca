/* The methods in force, in plain words. */
#include "publish/report_internal.h"

static void write_rule(hst_json_stream *json, const char *name, const char *value,
                       const char *words)
{
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "name", name);
    hst_json_text(json, "value", value);
    hst_json_text(json, "words", words);
    hst_json_end_object(json);
}

void hst_report_rules(hst_json_stream *json, const hst_publication *p)
{
    hst_json_begin_array(json, "rules");
    write_rule(json, "Spells", p->study->spell_rule, "");
    hst_json_end_array(json);
}
