/* A node's status as the JSON object of `status --json`. */
#ifndef RG_CLI_STATUS_JSON_H
#define RG_CLI_STATUS_JSON_H

#include "proto/client_codec.h"
#include <jansson.h>

/* Make the object; NULL when out of memory. The caller decrefs. */
json_t *rg_status_json_make(const struct rg_answer_status *s);
/* Print it on one line. Returns 0 or the exit code. */
int rg_status_json_print(const struct rg_answer_status *s);
/* A JSON string of @b, bytes that are no UTF-8 replaced; never NULL unless out of memory. */
json_t *rg_status_json_text(struct rg_bytes b);
/* A JSON string of @len bytes in hexadecimal. */
json_t *rg_status_json_hex(const uint8_t *data, size_t len);
/* Print @object on one line to stdout and decref it. Returns 0 or the exit code. */
int rg_status_json_line(json_t *object);

#endif /* RG_CLI_STATUS_JSON_H */
