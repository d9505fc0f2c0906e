/* The process definition that is built in: deploy/processes/anker-dresden.yaml. */
#ifndef RG_CLI_EMBEDDED_H
#define RG_CLI_EMBEDDED_H

#include <stddef.h>

extern const unsigned char rg_embedded_process[];
extern const size_t rg_embedded_process_len;

#endif /* RG_CLI_EMBEDDED_H */
