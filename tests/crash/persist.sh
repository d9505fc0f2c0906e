#!/usr/bin/env bash
# A node under load dies before each call that makes something durable: the N-th write or sync after its start, for N from
# FROM to TO, with half of the write done first in every second run; each time it is started again where it died.
# Usage: persist.sh [FROM TO [STEP]]      default: a sample, as in ctest
. "$(dirname "$0")/../cluster/lib.sh"
. "$(dirname "$0")/lib.sh"
from=${1:-1} to=${2:-40} step=${3:-3}
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigend"; then say "SKIPPED: a sanitizer build"; exit 0; fi
crash_up
load_both
for n in $(seq "$from" "$step" "$to"); do
  if [ $((n / step % 2)) -eq 0 ]; then run_victim 20 RG_CRASH_AT="$n"; else run_victim 20 RG_CRASH_AT="$n" RG_CRASH_TORN=1; fi
  [ $((kills % 25)) -ne 0 ] || keep_journal "$n"
done
[ $kills -ge $(((to - from) / step / 2)) ] || fail "only $kills kills: the check saw too little"
crash_end
