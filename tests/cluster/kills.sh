#!/usr/bin/env bash
# Twenty kills of a node and twenty of a rules host during one import: watch still prints every alert once.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"
synthetic "$T/log.csv" 2500 # 15000 events
start_watch "$D" 2 "$T/watch.txt"
"$R" --profile "$D/node1/profile.yaml" import "$T/log.csv" --rate 600 --wait --json > "$T/result.json" 2> "$T/result.err" &
import=$!
jobs_started+=($import)
hosts=0
for round in $(seq 20); do
  # The rules host of the watched node: a child of that node's process.
  host=$(pgrep -x reigen-rules -P "$(cat "$D/node2/pid")" | head -n 1 || true)
  if [ -n "$host" ]; then kill -KILL "$host" && hosts=$((hosts + 1)); fi
  sleep 0.3
  node=$((round % 4 + 1))
  "$R" --quiet cluster kill $node --dir "$D"
  "$R" --quiet cluster start $node --dir "$D"
done
wait $import || fail "import ended with $?: $(cat "$T/result.err")"
eq "$(num accepted < "$T/result.json")" 15000 "accepted"
last=$(num last_height < "$T/result.json")
within 15 all_equal "$D" 4 "$last" || fail "nodes are not equal"
within 20 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
sleep 2.5
eq "$(on "$D" 1 conformance --json | num events)" 15000 "events on the ledger"
only() { grep -o '"id":"[0-9a-f]*"[^}]*"type":"de.reigen.alert.\(warning\|critical\)"' | grep -o '"id":"[0-9a-f]*"' | sort; }
for i in 1 2 3 4; do on "$D" $i alerts --json | only > "$T/alerts$i"; done
for i in 2 3 4; do cmp "$T/alerts1" "$T/alerts$i" || fail "alerts of node $i differ"; done
line_ids "$T/watch.txt" > "$T/watched"
cmp "$T/alerts1" "$T/watched" || fail "watch printed $(wc -l < "$T/watched") of $(wc -l < "$T/alerts1") alerts, or some twice"
[ $hosts -ge 15 ] || fail "only $hosts rules hosts were killed"
say "ok: 20 nodes and $hosts rules hosts killed, height $last, $(wc -l < "$T/alerts1") alerts"
