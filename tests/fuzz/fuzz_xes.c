/* A log from anywhere, XES: what the XML parser makes of it, events, attributes, and what a row
 * encodes to. */
#include "tests/fuzz/fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)read_log(RG_LOGFILE_XES, data, size);
    return 0;
}
