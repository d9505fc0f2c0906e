/* Random bytes from the operating system: keys, pseudonyms, nonces. Never in consensus or ledger.
 */
#ifndef RG_CRYPTO_RAND_H
#define RG_CRYPTO_RAND_H

#include "base/types.h"

/* Fill @len bytes at @out. */
void rg_rand(uint8_t *out, size_t len);
/* Overwrite a secret so that the compiler cannot leave it out. */
void rg_rand_wipe(void *data, size_t len);

#endif /* RG_CRYPTO_RAND_H */
