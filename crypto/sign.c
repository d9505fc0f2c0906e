#include "crypto/sign.h"
#include "base/hex.h"
#include "base/panic.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct rg_sign {
    uint8_t sign_seed[crypto_sign_ed25519_SEEDBYTES];
    uint8_t sign_secret[crypto_sign_ed25519_SECRETKEYBYTES];
    uint8_t curve_secret[crypto_box_SECRETKEYBYTES];
    struct rg_pubkey sign_public;
    struct rg_pubkey curve_public;
};

#define FILE_HEAD "reigen-secret-key 1\n"
#define FILE_LEN (sizeof FILE_HEAD - 1 + 64 + 1 + 64 + 1)

rg_err rg_sign_start(void)
{
    return sodium_init() >= 0 ? RG_OK : RG_ERR_SYSTEM;
}

static struct rg_sign *allocate(void)
{
    struct rg_sign *s = sodium_malloc(sizeof *s);
    if (s != NULL) {
        sodium_memzero(s, sizeof *s);
    }
    return s;
}

/* Fill in what follows from the two seeds. */
static void derive_all(struct rg_sign *s)
{
    RG_ASSERT(crypto_sign_ed25519_seed_keypair(s->sign_public.b, s->sign_secret, s->sign_seed) ==
              0);
    RG_ASSERT(crypto_scalarmult_base(s->curve_public.b, s->curve_secret) == 0);
}

rg_err rg_sign_new(struct rg_sign **out)
{
    struct rg_sign *s = allocate();
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    randombytes_buf(s->sign_seed, sizeof s->sign_seed);
    randombytes_buf(s->curve_secret, sizeof s->curve_secret);
    derive_all(s);
    *out = s;
    return RG_OK;
}

rg_err rg_sign_from_seed(const uint8_t seed[static 32], struct rg_sign **out)
{
    struct rg_sign *s = allocate();
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    RG_ASSERT(crypto_kdf_derive_from_key(s->sign_seed, sizeof s->sign_seed, 1, "rg-seed-", seed) ==
              0);
    RG_ASSERT(crypto_kdf_derive_from_key(s->curve_secret, sizeof s->curve_secret, 2, "rg-seed-",
                                         seed) == 0);
    derive_all(s);
    *out = s;
    return RG_OK;
}

void rg_sign_destroy(struct rg_sign **s_p)
{
    if (s_p != NULL && *s_p != NULL) {
        sodium_free(*s_p); /* wipes */
        *s_p = NULL;
    }
}

const struct rg_pubkey *rg_sign_pubkey(const struct rg_sign *s)
{
    return &s->sign_public;
}

const struct rg_pubkey *rg_sign_curve_pubkey(const struct rg_sign *s)
{
    return &s->curve_public;
}

const uint8_t *rg_sign_curve_secret(const struct rg_sign *s)
{
    return s->curve_secret;
}

void rg_sign(const struct rg_sign *s, const struct rg_hash *digest, struct rg_sig *out)
{
    RG_ASSERT(
        crypto_sign_ed25519_detached(out->b, NULL, digest->b, RG_HASH_BYTES, s->sign_secret) == 0);
}

void rg_sign_derive(const struct rg_sign *s, const char purpose[static 8], uint8_t out[static 32])
{
    RG_ASSERT(crypto_kdf_derive_from_key(out, 32, 1, purpose, s->sign_seed) == 0);
}

static rg_err sync_folder_of(const char *path)
{
    char copy[4096];
    if (strlen(path) >= sizeof copy) {
        return RG_ERR_IO;
    }
    memcpy(copy, path, strlen(path) + 1);
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return RG_ERR_IO;
    }
    const int rc = fsync(fd);
    (void)close(fd);
    return rc == 0 ? RG_OK : RG_ERR_IO;
}

rg_err rg_sign_save(const struct rg_sign *s, const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? RG_ERR_EXISTS : RG_ERR_IO;
    }
    char *text = sodium_malloc(FILE_LEN + 1);
    rg_err err = text != NULL ? RG_OK : RG_ERR_NOMEM;
    if (err == RG_OK) {
        char *at = text;
        memcpy(at, FILE_HEAD, sizeof FILE_HEAD - 1);
        at += sizeof FILE_HEAD - 1;
        rg_hex_format(s->sign_seed, 32, at);
        at[64] = '\n';
        at += 65;
        rg_hex_format(s->curve_secret, 32, at);
        at[64] = '\n';
        const ssize_t put = write(fd, text, FILE_LEN);
        err = put == (ssize_t)FILE_LEN && fsync(fd) == 0 ? RG_OK : RG_ERR_IO;
        sodium_free(text);
    }
    if (close(fd) != 0 && err == RG_OK) {
        err = RG_ERR_IO;
    }
    if (err != RG_OK) {
        (void)unlink(path);
        return err;
    }
    return sync_folder_of(path);
}

/* Parse a whole key file's text. */
static rg_err parse(char *text, struct rg_sign *s)
{
    char *at = text + sizeof FILE_HEAD - 1;
    if (memcmp(text, FILE_HEAD, sizeof FILE_HEAD - 1) != 0 || at[64] != '\n' || at[129] != '\n') {
        return RG_ERR_INVALID;
    }
    at[64] = '\0';
    at[129] = '\0';
    rg_err err = rg_hex_parse(at, s->sign_seed, 32);
    if (err == RG_OK) {
        err = rg_hex_parse(at + 65, s->curve_secret, 32);
    }
    if (err == RG_OK) {
        derive_all(s);
    }
    return err;
}

rg_err rg_sign_load(const char *path, struct rg_sign **out)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? RG_ERR_NOT_FOUND : RG_ERR_DENIED;
    }
    rg_err err = RG_OK;
    char *text = sodium_malloc(FILE_LEN + 1);
    struct rg_sign *s = allocate();
    if (text == NULL || s == NULL) {
        err = RG_ERR_NOMEM;
    } else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
               st.st_uid != geteuid()) {
        err = RG_ERR_DENIED;
    } else if (read(fd, text, FILE_LEN + 1) != (ssize_t)FILE_LEN) {
        err = RG_ERR_INVALID;
    } else {
        err = parse(text, s);
    }
    (void)close(fd);
    if (text != NULL) {
        sodium_free(text);
    }
    if (err != RG_OK) {
        rg_sign_destroy(&s);
        return err;
    }
    *out = s;
    return RG_OK;
}
