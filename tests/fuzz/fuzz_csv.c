/* A log from anywhere, CSV: a plain or gzip file, its header, its rows, and what a row encodes to.
 */
#include "tests/fuzz/fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)read_log(RG_LOGFILE_CSV, data, size);
    return 0;
}
