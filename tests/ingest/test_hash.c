/* Both kernels of the hashes against numbers of xxhsum 0.8.1, whole and in pieces. */
#include "tests/support.h"

#define HASH_KERNEL kernel_of_this_test
#include "ingest/hash_kernel.h"

enum { N_BYTES = 3000 };

/* XXH3-64 and XXH3-128 of the first n bytes of the text. */
static const struct {
    size_t n;
    uint64_t block;
    const char *digest;
} known[] = {
    {0, 0x2d06800538d394c2, "99aa06d3014798d86001c324468d497f"},
    {1, 0xc44bdff4074eecdb, "a6cd5e9392000f6ac44bdff4074eecdb"},
    {16, 0x2c398eb86de93159, "65a342cedcedaeb47345e6afaf8005f7"},
    {100, 0xdf01178ae06f51a1, "e5e23923b768b57d0f54bad3d662009e"},
    {240, 0x907b7c6228e52c0d, "0985c8df63549acaae48975e6aacc567"},
    {241, 0xf4277769141e8b3d, "ca5613eb42e0986ef4277769141e8b3d"},
    {1024, 0x8625d7e9ff26fe3b, "91c982cfddd9f89e8625d7e9ff26fe3b"},
    {1025, 0x17b59d67dd93af96, "2db54044b64011e317b59d67dd93af96"},
    {N_BYTES, 0x5dcb678205bd3b4f, "3e8a365510dfacd85dcb678205bd3b4f"},
};

enum { N_KNOWN = sizeof known / sizeof known[0] };

static void fill(uint8_t *text)
{
    for (size_t i = 0; i < N_BYTES; i++) {
        text[i] = (uint8_t)(i * i * 7 + i / 256);
    }
}

static void assert_digest(const uint8_t digest[HST_DIGEST_BYTES], const char *expected)
{
    char hex[2 * HST_DIGEST_BYTES + 1];

    for (size_t i = 0; i < HST_DIGEST_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(hex, expected);
}

static void kernel_gives_known_numbers(void **state)
{
    const hst_hash_kernel *kernel = *state;
    uint8_t text[N_BYTES], digest[HST_DIGEST_BYTES];

    if (kernel == &hst_hash_avx2 && !__builtin_cpu_supports("avx2")) {
        skip();
    }
    fill(text);
    for (size_t k = 0; k < N_KNOWN; k++) {
        void *hash = kernel->create();

        assert_non_null(hash);
        assert_true(kernel->block(text, known[k].n) == known[k].block);
        for (size_t piece = 1; piece <= N_BYTES; piece = 3 * piece + 1) {
            kernel->reset(hash);
            for (size_t at = 0; at < known[k].n; at += piece) {
                kernel->add(hash, text + at, known[k].n - at < piece ? known[k].n - at : piece);
            }
            kernel->digest(hash, digest);
            assert_digest(digest, known[k].digest);
        }
        kernel->free(hash);
    }
}

static void stream_begins_again(void **state)
{
    uint8_t text[N_BYTES], digest[HST_DIGEST_BYTES];
    hst_stream_hash *hash = hst_stream_hash_create();

    (void)state;
    fill(text);
    assert_non_null(hash);
    hst_stream_hash_add(hash, text, 77);
    hst_stream_hash_reset(hash);
    hst_stream_hash_add(hash, text, N_BYTES);
    hst_stream_hash_digest(hash, digest);
    assert_digest(digest, known[N_KNOWN - 1].digest);
    assert_true(hst_hash_block(text, N_BYTES) == known[N_KNOWN - 1].block);
    hst_stream_hash_free(hash);
    hst_stream_hash_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {.name = "portable",
         .test_func = kernel_gives_known_numbers,
         .initial_state = (void *)&hst_hash_portable},
        {.name = "avx2",
         .test_func = kernel_gives_known_numbers,
         .initial_state = (void *)&hst_hash_avx2},
        cmocka_unit_test(stream_begins_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
