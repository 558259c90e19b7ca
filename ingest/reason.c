/* Names of reasons and notices as audit.csv writes them. */
#include "hestia/store.h"

const char *hst_reason_name(hst_reason reason)
{
    static const char *const names[HST_N_REASONS] = {
        [HST_REASON_NONE] = "",
        [HST_REASON_RAGGED] = "ragged",
        [HST_REASON_TOO_LONG] = "record too long",
        [HST_REASON_UNCLOSED_QUOTE] = "unclosed quote",
        [HST_REASON_NUL_BYTE] = "NUL byte",
        [HST_REASON_MALFORMED_DATE] = "malformed date",
        [HST_REASON_MALFORMED_NUMBER] = "malformed number",
        [HST_REASON_MALFORMED_CODE] = "malformed code",
        [HST_REASON_NO_RECORD_KEY] = "no record key",
        [HST_REASON_NO_SIDE_ROW] = "no row in side file",
    };

    return (unsigned)reason < HST_N_REASONS ? names[reason] : "";
}

const char *hst_notice_name(hst_dataset dataset, hst_notice notice)
{
    static const char *const no_date[] = {[HST_DATASET_APC] = "no ADMIDATE",
                                          [HST_DATASET_OP] = "no APPTDATE",
                                          [HST_DATASET_AE] = "no ARRIVALDATE"};
    static const char *const names[HST_N_NOTICES] = {
        [HST_NOTICE_NO_PERSON] = "no person id",
        [HST_NOTICE_NO_EPISTART] = "no EPISTART",
        [HST_NOTICE_NO_AGE] = "no age",
        [HST_NOTICE_UNKNOWN_CODE] = "code outside its list",
        [HST_NOTICE_FLAG_DIFFERS] = "FCE or FAE flag differs",
    };

    if (notice == HST_NOTICE_NO_ADMIDATE) {
        return no_date[dataset];
    }
    return (unsigned)notice < HST_N_NOTICES ? names[notice] : "";
}
