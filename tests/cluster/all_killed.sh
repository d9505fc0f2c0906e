#!/usr/bin/env bash
# All four nodes killed at once in the middle of an import: what was final is there afterwards, the import goes on.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"
synthetic "$T/log.csv" 1000 # 6000 events
on "$D" 2 submit --case before --step "Confirmation of receipt" --wait --json > "$T/before.json"
"$R" --profile "$D/node1/profile.yaml" import "$T/log.csv" --rate 1500 --wait --json > "$T/result.json" 2> "$T/result.err" &
import=$!
jobs_started+=($import)
sleep 2
height=$(on "$D" 1 status --json | num height)
"$R" --quiet cluster kill 1 2 3 4 --dir "$D"
for i in 1 2 3 4; do
  "$R" --quiet verify --data "$D/node$i/data" > "$T/verify.txt" || fail "node $i: $(cat "$T/verify.txt")"
done
up "$D" 4
wait $import || fail "import ended with $?: $(cat "$T/result.err")"
eq "$(num accepted < "$T/result.json")" 6000 "accepted"
last=$(num last_height < "$T/result.json")
[ "$last" -ge "$height" ] || fail "the network went back from $height to $last"
within 10 all_equal "$D" 4 "$last" || fail "nodes are not equal"
within 15 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
eq "$(on "$D" 4 conformance --json | num events)" 6001 "events on the ledger"
on "$D" 2 case before > "$T/case.txt"
grep -q "Confirmation of receipt" "$T/case.txt" || fail "what was final before is gone"
say "ok: height $last"
