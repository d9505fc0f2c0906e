#!/usr/bin/env bash
# A real log of 52217 events at 3000 a second, with node 3 killed at a fifth and node 4 paused at half, below the quorum:
# nothing is lost or doubled, all agree 5 s after node 3 is back. Then a node that was down during a whole import has the
# same counts 10 s after its start, and every node's data verifies.
. "$(dirname "$0")/lib.sh"
if [ ! -f "$data/bpic15_1.csv.gz" ]; then say "SKIPPED: ../shared/data is absent"; exit 0; fi
D=$T/net
up "$D" 4 --process "$processes/bpic15.yaml"
"$R" --profile "$D/node1/profile.yaml" import "$data/bpic15_1.csv.gz" --rate 3000 --wait --json > "$T/result.json" 2> "$T/result.err" &
import=$!
jobs_started+=($import)
sleep 3.5
"$R" --quiet cluster kill 3 --dir "$D"
sleep 5
"$R" --quiet cluster pause 4 --dir "$D"
explained=no
for _ in $(seq 25); do
  code=0
  s=$(on "$D" 1 status --json 2> /dev/null) || code=$?
  if [ $code -eq 69 ] && [ -n "$(txt stalled <<< "$s")" ]; then explained=$(txt stalled <<< "$s"); fi
  sleep 0.2
done
"$R" --quiet cluster resume 4 --dir "$D"
wait $import || fail "import ended with $?: $(cat "$T/result.err")"
eq "$(num events < "$T/result.json") $(num cases < "$T/result.json") $(num accepted < "$T/result.json")" "52217 1199 52217" "import"
[ "$explained" != no ] || fail "status did not explain the stall"
say "the stall: $explained"
"$R" --quiet cluster start 3 --dir "$D"
last=$(num last_height < "$T/result.json")
within 5 all_equal "$D" 4 "$last" || fail "nodes are not equal 5 s after node 3 is back"
within 10 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
for i in 1 2 3 4; do
  eq "$(on "$D" $i conformance --json | num events)" 52217 "events at node $i"
  alert_ids "$D" $i > "$T/alerts$i"
  cmp "$T/alerts1" "$T/alerts$i" || fail "alerts of node $i differ"
done
on "$D" 1 conformance --as-of end --json > "$T/c.json"
python3 "$(dirname "$0")/compare_expected.py" "$T/c.json" "$data/bpic15_1.expected.json.gz" --cases

"$R" --quiet cluster kill 2 --dir "$D"
on "$D" 4 import "$data/bpic15_2.csv.gz" --wait --json > "$T/second.json"
"$R" --quiet cluster start 2 --dir "$D"
SECONDS=0
within 10 rules_passed "$D" 4 "$(num last_height < "$T/second.json")" || fail "node 2 did not catch up in 10 s"
say "node 2 caught up in $SECONDS s"
counts() { on "$D" "$1" conformance --json | grep -o '"\(activations\|satisfied\|violated\|pending\|vacuous\)":[0-9]*' | tr '\n' ' '; }
eq "$(counts 2)" "$(counts 4)" "counts at the node that was down"
"$R" --quiet cluster down --dir "$D"
for i in 1 2 3 4; do "$R" verify --data "$D/node$i/data" > "$T/verify.txt" || fail "node $i does not verify"; done
say ok
