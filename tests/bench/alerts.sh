#!/usr/bin/env bash
# From the final block to the alert at a subscriber, on four real nodes under steady load at the subscriber's node, beside
# what ZeroMQ takes to deliver the same frames at the same time. Every event raises an alert. Prints one table; fails on no
# figure.   Usage: alerts.sh [CLIENTS...]     default: 1 16
. "$(dirname "$0")/../cluster/lib.sh"
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigend"; then say "SKIPPED: a sanitizer must be the first library"; exit 0; fi
"${CC:-cc}" -shared -fPIC -O1 -o "$T/mark.so" "$root/tests/bench/final_mark.c" -ldl -lzmq || fail "the marker library does not build"
clients=("$@")
[ $# -gt 0 ] || clients=(1 16)
count=${REIGEN_BENCH_ALERTS:-2500}
cat > "$T/delay.yaml" << 'END'
process: delay
version: 1
clock: ledger
steps: [a, b, c, d, e, f]
rules:
  - {id: R1, template: absence, n: 1, activities: [a, b, c, d, e, f]}
END
D=$T/net
LD_PRELOAD=$T/mark.so RG_MARKS=$T/marks up "$D" 4 --process "$T/delay.yaml"
profile=$D/node1/profile.yaml
marks=$T/marks.$(cat "$D/node1/pid")
on "$D" 1 submit --case warm --step a --wait > "$T/out.txt"
raised() { on "$D" 1 alerts --json > "$T/alerts.json" && [ -s "$T/alerts.json" ]; }
within 10 raised || fail "no alert"
bytes=$(($(head -n 1 "$T/alerts.json" | wc -c) - 1))
for n in "${clients[@]}"; do
  : > "$T/delay.err"
  "$REIGEN_BIN/alert_delay" "$profile" "$marks" "$count" "$bytes" $((10000 / n)) "$n client(s)" > "$T/table.$n" 2> "$T/delay.err" &
  delay=$!
  jobs_started+=($delay)
  within 10 grep -q watching "$T/delay.err" || fail "the subscriber does not begin: $(cat "$T/delay.err")"
  sleep 1
  "$R" --quiet --profile "$profile" bench --clients "$n" --seconds 3600 > "$T/bench" 2> "$T/bench.err" &
  bench=$!
  jobs_started+=($bench)
  wait $delay || fail "the subscriber: $(cat "$T/delay.err"); the load: $(cat "$T/bench.err")"
  kill -TERM $bench
  wait $bench || true
done
# The marks are those of the blocks, all of them and nothing else.
settled() { [ "$(($(stat -c %s "$marks") / 8))" = "$({ on "$D" 1 status --json || true; } | num height)" ]; }
within 10 settled || fail "$(($(stat -c %s "$marks") / 8)) marks, but the node is at $(on "$D" 1 status --json | num height)"
say "four nodes, $bytes bytes of JSON an alert; milliseconds"
printf '%-14s %-34s %8s %9s %9s %9s\n' load what frames p50 p99 max
for n in "${clients[@]}"; do cat "$T/table.$n"; done
