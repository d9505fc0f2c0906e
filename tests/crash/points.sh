#!/usr/bin/env bash
# A node under load dies at each named point (base/failpoint.h), the first time it gets there, and later. Needs programs
# configured with RG_FAILPOINTS=ON: cmake --preset crash.   Usage: points.sh [HITS...]     default: 1 4
. "$(dirname "$0")/../cluster/lib.sh"
. "$(dirname "$0")/lib.sh"
hits=("$@")
[ $# -gt 0 ] || hits=(1 4)
grep -q -a RG_FAIL_AT "$REIGEN_BIN/reigend" || fail "these programs have no fail points: cmake --preset crash"
mapfile -t names < <(grep -rhoE 'RG_FAILPOINT\("[a-z.]+"\)' "$root/storage" "$root/node" | cut -d '"' -f 2 | sort -u)
[ ${#names[@]} -ge 30 ] || fail "only ${#names[@]} points are named"
crash_up
load_both
seen=0
missed=
for name in "${names[@]}"; do
  once=no
  for hit in "${hits[@]}"; do
    run_victim 4 RG_FAIL_AT="$name:$hit"
    [ "$reached" = no ] || once=yes
  done
  if [ "$once" = yes ]; then seen=$((seen + 1)); else missed="$missed $name"; fi
done
say "${#names[@]} points, $seen reached; not reached:${missed:- none}"
[ $seen -ge 30 ] || fail "only $seen points were reached"
crash_end
