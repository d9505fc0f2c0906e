#include "crypto/rand.h"
#include <sodium.h>

void rg_rand(uint8_t *out, size_t len)
{
    randombytes_buf(out, len);
}

void rg_rand_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}
