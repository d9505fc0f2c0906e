#include "storage/journal_image.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/hash.h"

#define BEGIN_MAGIC 0x314A4752u /* "RGJ1" */

static uint64_t padded(uint64_t len)
{
    return (len + RG_JOURNAL_IMAGE_ALIGN - 1) / RG_JOURNAL_IMAGE_ALIGN * RG_JOURNAL_IMAGE_ALIGN;
}

uint64_t rg_journal_image_cost(uint64_t len)
{
    return RG_JOURNAL_IMAGE_HEADER + padded(len) + RG_JOURNAL_IMAGE_SUM;
}

static uint32_t magic_of(const struct rg_hash *salt)
{
    if (salt == NULL) {
        return BEGIN_MAGIC;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){salt->b, sizeof salt->b});
    return rg_bytes_get_u32(&r);
}

static void checksum(const struct rg_hash *salt, struct rg_bytes data,
                     uint8_t out[static RG_JOURNAL_IMAGE_SUM])
{
    static const struct rg_hash no_salt;
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin_keyed(&s, RG_DOMAIN_JOURNAL, NULL, salt != NULL ? salt->b : no_salt.b);
    rg_hash_add(&s, data);
    rg_hash_end(&s, &h);
    memcpy(out, h.b, RG_JOURNAL_IMAGE_SUM);
}

void rg_journal_image_encode(const struct rg_hash *salt, const struct rg_journal_head *h,
                             const struct rg_bytes *parts, size_t count, uint8_t *out)
{
    static const uint8_t zeros[RG_JOURNAL_IMAGE_ALIGN];
    const uint64_t cost = rg_journal_image_cost(h->len);
    struct rg_writer w = rg_bytes_writer(out, (size_t)cost);
    rg_bytes_put_u32(&w, magic_of(salt));
    rg_bytes_put_u8(&w, h->type);
    rg_bytes_put(&w, zeros, 3);
    rg_bytes_put_u32(&w, h->len);
    rg_bytes_put_u32(&w, h->offset);
    rg_bytes_put_u32(&w, h->batch);
    rg_bytes_put_u32(&w, h->number);
    rg_bytes_put_u64(&w, h->generation);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) {
            rg_bytes_put(&w, parts[i].data, parts[i].len);
        }
    }
    RG_ASSERT(!w.failed && w.len == RG_JOURNAL_IMAGE_HEADER + h->len);
    rg_bytes_put(&w, zeros, (size_t)(padded(h->len) - h->len));
    checksum(salt, (struct rg_bytes){out, w.len}, out + w.len);
}

uint64_t rg_journal_image_encode_begin(const struct rg_hash *salt, uint64_t generation,
                                       uint64_t size, uint8_t *out)
{
    uint8_t payload[RG_JOURNAL_IMAGE_BEGIN_PAYLOAD];
    struct rg_writer w = rg_bytes_writer(payload, sizeof payload);
    rg_bytes_put_u32(&w, RG_JOURNAL_IMAGE_FORMAT);
    rg_bytes_put_u64(&w, size);
    rg_bytes_put(&w, salt->b, sizeof salt->b);
    const struct rg_journal_head h = {
        .generation = generation, .len = sizeof payload, .type = RG_JOURNAL_IMAGE_BEGIN};
    const struct rg_bytes part = {payload, sizeof payload};
    rg_journal_image_encode(NULL, &h, &part, 1, out);
    return rg_journal_image_cost(sizeof payload);
}

/* Whether @len bytes at @data are all zero. */
static bool is_zero(const uint8_t *data, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= data[i];
    }
    return any == 0;
}

/* Read a header's fields; false when one of them cannot be. */
static bool read_head(uint32_t magic, const uint8_t *at, struct rg_journal_head *out)
{
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){at, RG_JOURNAL_IMAGE_HEADER});
    struct rg_journal_head h = {0};
    const bool is_magic = rg_bytes_get_u32(&r) == magic;
    h.type = rg_bytes_get_u8(&r);
    const struct rg_bytes gap = rg_bytes_get_range(&r, 3);
    h.len = rg_bytes_get_u32(&r);
    h.offset = rg_bytes_get_u32(&r);
    h.batch = rg_bytes_get_u32(&r);
    h.number = rg_bytes_get_u32(&r);
    h.generation = rg_bytes_get_u64(&r);
    *out = h;
    return is_magic && is_zero(gap.data, gap.len) && h.type != 0 && h.generation != 0 &&
           h.len <= RG_JOURNAL_RECORD_MAX && h.batch <= h.offset;
}

bool rg_journal_image_decode(const struct rg_hash *salt, struct rg_bytes file, uint64_t offset,
                             struct rg_journal_head *out, struct rg_bytes *out_payload)
{
    if (offset > file.len || file.len - offset < rg_journal_image_cost(0)) {
        return false;
    }
    const uint8_t *at = file.data + offset;
    struct rg_journal_head h = {0};
    if (!read_head(magic_of(salt), at, &h) || h.offset != offset) {
        return false;
    }
    const uint64_t cost = rg_journal_image_cost(h.len);
    if (cost > file.len - offset) {
        return false;
    }
    const size_t summed = (size_t)cost - RG_JOURNAL_IMAGE_SUM;
    uint8_t sum[RG_JOURNAL_IMAGE_SUM];
    checksum(salt, (struct rg_bytes){at, summed}, sum);
    if (memcmp(sum, at + summed, sizeof sum) != 0) {
        return false;
    }
    const size_t body_end = RG_JOURNAL_IMAGE_HEADER + h.len;
    if (!is_zero(at + body_end, summed - body_end)) {
        return false;
    }
    *out = h;
    *out_payload = (struct rg_bytes){at + RG_JOURNAL_IMAGE_HEADER, h.len};
    return true;
}

/* Read BEGIN; leaves generation 0 when it is none of this file. */
static void read_begin(struct rg_bytes file, bool odd, struct rg_journal_image *im)
{
    struct rg_journal_head h = {0};
    struct rg_bytes payload = {0};
    if (!rg_journal_image_decode(NULL, file, 0, &h, &payload) || h.type != RG_JOURNAL_IMAGE_BEGIN ||
        h.number != 0 || (h.generation % 2 == 1) != odd) {
        return;
    }
    struct rg_reader r = rg_bytes_reader(payload);
    struct rg_hash salt;
    im->version = rg_bytes_get_u32(&r) != RG_JOURNAL_IMAGE_FORMAT;
    const uint64_t size = rg_bytes_get_u64(&r);
    rg_bytes_get(&r, salt.b, sizeof salt.b);
    if (im->version || !rg_bytes_done(&r) || size != file.len) {
        return;
    }
    im->generation = h.generation;
    im->salt = salt;
    im->used = rg_journal_image_cost(h.len);
}

/* Follow the records from BEGIN to the first that does not verify. */
static void walk(struct rg_bytes file, struct rg_journal_image *im)
{
    for (;;) {
        struct rg_journal_head h = {0};
        struct rg_bytes payload = {0};
        if (!rg_journal_image_decode(&im->salt, file, im->used, &h, &payload) ||
            h.generation != im->generation || h.number != im->last_number + 1) {
            return;
        }
        im->records += h.type <= RG_JOURNAL_TYPE_MAX ? 1 : 0;
        im->complete = im->complete || h.type == RG_JOURNAL_IMAGE_END;
        im->last_number = h.number;
        im->used += rg_journal_image_cost(h.len);
    }
}

/* Whether the bytes at the end of the walk began as the next record: two of four marks of its
 * header are there, and it is no intact one of an earlier generation. */
static bool is_torn_record(struct rg_bytes file, const struct rg_journal_image *im)
{
    struct rg_journal_head h = {0};
    struct rg_bytes payload = {0};
    if (file.len - im->used < RG_JOURNAL_IMAGE_HEADER ||
        rg_journal_image_decode(&im->salt, file, im->used, &h, &payload)) {
        return false;
    }
    const uint8_t *at = file.data + im->used;
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){at, 4});
    unsigned marks = rg_bytes_get_u32(&r) == magic_of(&im->salt) ? 1 : 0;
    (void)read_head(0, at, &h); /* for the fields alone */
    marks += h.offset == im->used ? 1 : 0;
    marks += h.number == im->last_number + 1 ? 1 : 0;
    marks += h.generation == im->generation ? 1 : 0;
    return marks >= 2;
}

/* Look behind the end of the walk for records that verify. The magic number makes this one pass
 * over the bytes; only what bears it is hashed. */
static void look_behind(const struct rg_hash *salt, struct rg_bytes file,
                        struct rg_journal_image *im)
{
    for (uint64_t at = im->used; at + rg_journal_image_cost(0) <= file.len;) {
        struct rg_journal_head h = {0};
        struct rg_bytes payload = {0};
        if (memcmp(file.data + at, salt->b, 4) != 0 ||
            !rg_journal_image_decode(salt, file, at, &h, &payload)) {
            at += RG_JOURNAL_IMAGE_ALIGN;
            continue;
        }
        const bool same = h.generation == im->generation;
        const bool later = h.generation > im->generation;
        im->remains = im->remains || same;
        im->newest_behind = h.generation > im->newest_behind ? h.generation : im->newest_behind;
        /* Of a later generation, which has lost its BEGIN, any sync proves that it counted. */
        if (((same && h.batch > im->used) || (later && h.batch > 0)) &&
            h.generation > im->orphan_generation) {
            im->orphan_generation = h.generation;
        }
        at += rg_journal_image_cost(h.len);
    }
}

void rg_journal_image_inspect(struct rg_bytes a, struct rg_bytes b, struct rg_journal_image out[2])
{
    const struct rg_bytes files[2] = {a, b};
    struct rg_journal_image im[2] = {0};
    read_begin(a, true, &im[0]);
    read_begin(b, false, &im[1]);
    for (size_t i = 0; i < 2; i++) {
        if (im[i].generation != 0) {
            walk(files[i], &im[i]);
            im[i].remains = is_torn_record(files[i], &im[i]);
            look_behind(&im[i].salt, files[i], &im[i]);
        } else if (im[1 - i].generation != 0) {
            look_behind(&im[1 - i].salt, files[i], &im[i]);
        }
    }
    memcpy(out, im, sizeof im);
}

rg_err rg_journal_image_replay(struct rg_bytes file, const struct rg_journal_image *im,
                               rg_journal_scan_fn fn, void *ctx)
{
    struct rg_journal_head h = {0};
    struct rg_bytes payload = {0};
    uint64_t at = rg_journal_image_cost(RG_JOURNAL_IMAGE_BEGIN_PAYLOAD);
    while (at < im->used && rg_journal_image_decode(&im->salt, file, at, &h, &payload)) {
        if (h.type <= RG_JOURNAL_TYPE_MAX) {
            const struct rg_journal_record record = {h.generation, at, h.type, payload};
            const rg_err e = fn(ctx, &record);
            if (e != RG_OK) {
                return e;
            }
        }
        at += rg_journal_image_cost(h.len);
    }
    return RG_OK;
}

/* Which file proves that something durable is gone; -1: none. */
static int find_damage(const struct rg_journal_image images[2], int newer, int chosen)
{
    const struct rg_journal_image *im = &images[chosen];
    const struct rg_journal_image *other = &images[1 - chosen];
    if (im->orphan_generation != 0) {
        return chosen;
    }
    /* A checkpoint that proves to have counted must not fall back to the file before it. */
    if (other->orphan_generation > im->generation) {
        return 1 - chosen;
    }
    if (!im->complete) {
        return newer;
    }
    if (other->generation != 0 && (images[newer].generation != images[1 - newer].generation + 1 ||
                                   !rg_hash_eq(&im->salt, &other->salt))) {
        return 1 - newer; /* the two files do not belong together */
    }
    return -1;
}

rg_err rg_journal_image_choose(const struct rg_journal_image images[2],
                               struct rg_journal_info *info, int *out)
{
    const int newer = images[1].generation > images[0].generation ? 1 : 0;
    const int chosen =
        images[newer].complete || images[1 - newer].generation == 0 ? newer : 1 - newer;
    const int damaged = find_damage(images, newer, chosen);
    const struct rg_journal_image *im = &images[damaged >= 0 ? damaged : chosen];
    *info = (struct rg_journal_info){
        .generation = im->generation,
        .records = im->records,
        .used = im->used,
        .torn = damaged < 0 && im->remains,
        .turn_cut = damaged < 0 && chosen != newer,
        .file = im == &images[0] ? 'a' : 'b',
        .bad_offset = damaged >= 0 || im->remains ? im->used : 0,
    };
    if (images[0].version || images[1].version) {
        return RG_ERR_VERSION;
    }
    if (damaged >= 0) {
        return RG_ERR_CORRUPT;
    }
    *out = chosen;
    return RG_OK;
}
