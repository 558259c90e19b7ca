/* Compiled with -mavx2 where that exists (CMakeLists.txt). */
#define HASH_KERNEL hst_hash_avx2
#include "ingest/hash_kernel.h"
