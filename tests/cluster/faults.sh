#!/usr/bin/env bash
# Kills, pauses and restarts of nodes during an import: nothing is lost or doubled, watch prints every alert once.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"
synthetic "$T/log.csv" 2000 # 12000 events
start_watch "$D" 2 "$T/watch.txt"
"$R" --profile "$D/node1/profile.yaml" import "$T/log.csv" --rate 1200 --wait --json > "$T/result.json" 2> "$T/result.err" &
import=$!
jobs_started+=($import)
sleep 1.5
"$R" --quiet cluster kill 3 --dir "$D"
sleep 2
"$R" --quiet cluster pause 4 --dir "$D"
sleep 2
"$R" --quiet cluster resume 4 --dir "$D"
sleep 0.5
"$R" --quiet cluster kill 2 --dir "$D" # the one that is watched
sleep 0.5
"$R" --quiet cluster start 2 --dir "$D"
"$R" --quiet cluster kill 1 --dir "$D" # the one that imports
sleep 0.5
"$R" --quiet cluster start 1 --dir "$D"
wait $import || fail "import ended with $?: $(cat "$T/result.err")"
eq "$(num events < "$T/result.json") $(num accepted < "$T/result.json")" "12000 12000" "import"
"$R" --quiet cluster start 3 --dir "$D"
last=$(num last_height < "$T/result.json")
within 10 all_equal "$D" 4 "$last" || fail "nodes are not equal"
within 15 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
sleep 2
on "$D" 1 conformance --json > "$T/c.json"
eq "$(num events < "$T/c.json") $(num cases < "$T/c.json")" "12000 2000" "events and cases on the ledger"
on "$D" 3 conformance --json > "$T/c3.json"
eq "$(num events < "$T/c3.json") $(num cases < "$T/c3.json")" "12000 2000" "events and cases at the node that was down"
for i in 1 2 3 4; do alert_ids "$D" $i > "$T/alerts$i"; done
for i in 2 3 4; do cmp "$T/alerts1" "$T/alerts$i" || fail "alerts of node $i differ"; done
line_ids "$T/watch.txt" > "$T/watched"
cmp "$T/alerts1" "$T/watched" || fail "watch printed $(wc -l < "$T/watched") of $(wc -l < "$T/alerts1") alerts, or some twice"
say "ok: height $last, $(wc -l < "$T/alerts1") alerts"
