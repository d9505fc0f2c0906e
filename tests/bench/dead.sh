#!/usr/bin/env bash
# Blocks a second with as many authorities dead as the network survives, against all alive, on real processes under steady
# load at one node. Measured after two rotations, when the others know who is silent. Prints the figures; fails only when
# the dead cost more than four fifths.   Usage: dead.sh [N...]     default: 4 7
. "$(dirname "$0")/../cluster/lib.sh"
sizes=("$@")
[ $# -gt 0 ] || sizes=(4 7)
seconds=${REIGEN_BENCH_SECONDS:-6}
height() { { on "$D" 1 status --json || true; } | num height; }
grown() { local h; h=$(height); [ "${h:-0}" -ge "$1" ]; }
# Blocks a thousand seconds, over $seconds.
blocks() {
  local h t
  t=$(date +%s%N)
  h=$(height)
  sleep "$seconds"
  echo $((($(height) - h) * 1000 * 1000000000 / ($(date +%s%N) - t)))
}
figure() { printf '%d.%02d' $(($1 / 1000)) $(($1 % 1000 / 10)); }
for n in "${sizes[@]}"; do
  [ "$n" -ge 3 ] || fail "$n nodes survive none"
  D=$T/net$n
  up "$D" "$n" --process "$processes/receipt.yaml"
  "$R" --quiet --profile "$D/node1/profile.yaml" bench --clients 16 --seconds 3600 > "$T/bench" 2> "$T/bench.err" &
  bench=$!
  jobs_started+=($bench)
  within 60 grown $((2 * n)) || fail "no load on $n nodes: $(cat "$T/bench.err")"
  alive=$(blocks)
  f=$((n - (n + (n - 1) / 3 + 2) / 2)) # n - q
  # shellcheck disable=SC2046
  "$R" --quiet cluster kill $(seq $((n - f + 1)) "$n") --dir "$D"
  from=$(height)
  within 120 grown $((from + 2 * n)) || fail "$n nodes with $f dead do not go on"
  dead=$(blocks)
  kill -0 $bench 2> /dev/null || fail "the load ended: $(cat "$T/bench.err")"
  say "n=$n: all alive $(figure "$alive") blocks/s; $f dead $(figure "$dead") blocks/s, $((dead * 100 / alive)) %"
  kill -TERM $bench
  wait $bench || true
  "$R" --quiet cluster down --dir "$D"
  [ $((dead * 5)) -ge "$alive" ] || fail "$f dead of $n cost more than four fifths of the blocks"
done
