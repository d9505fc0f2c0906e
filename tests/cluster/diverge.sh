#!/usr/bin/env bash
# Nodes compare what they alert. Equal modules tell nothing, over an import with two nodes down in turn; a node whose
# module drops alerts or invents some is told of by all others and tells of them, once each, while the ledger goes on;
# and when it judges right again, that is told too.
. "$(dirname "$0")/lib.sh"
modules=$REIGEN_BIN/../hostile
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigen-rules"; then say "SKIPPED: sanitizers run without the jail"; exit 0; fi
D=$T/net
cat > "$T/p.yaml" << 'END'
process: diverge
version: 1
clock: ledger
readers: all
steps: [good, bad]
fields: any
rules:
  - {id: R, template: absence, n: 1, activities: [bad]}
END
up "$D" 4 --process "$T/p.yaml"

# The module of node I from its next start on; none: without.
give() {
  sed -i '/^module:/d' "$D/node$1/node.yaml"
  [ "$2" = none ] || echo "module: $2" >> "$D/node$1/node.yaml"
  "$R" --quiet cluster kill "$1" --dir "$D"
  "$R" --quiet cluster start "$1" --dir "$D"
}
height() { place "$D" 1 | cut -d ' ' -f 1; }
# How many alerts that another node differs node I has told, in a state.
differences() { on "$D" "$1" alerts --json --severity system | grep '"rule":"alerts-differ"' | grep -c "\"state\":\"$2\"" || true; }
told() { [ "$(differences "$1" raised) $(differences "$1" healed)" = "$2 $3" ]; }
compared() { [ "$({ on "$D" "$1" status --json || true; } | num compared)" -ge "$2" ]; }
differ() { on "$D" "$1" status --json | grep -o '"differ":\[[^]]*\]'; }
# Enough blocks for a checkpoint, and all nodes compared there.
checkpoint() {
  local i h
  for i in $(seq 17); do on "$D" 1 submit --case "filler$i" --step good --wait > "$T/out.txt" || fail "submit"; done
  h=$(height)
  for i in 1 2 3 4; do within 20 compared "$i" $((h - h % 16)) || fail "node $i compares nothing up to $h: $(on "$D" "$i" status --json)"; done
}
bad() { on "$D" "$1" submit --case "$2" --step bad --wait > "$T/out.txt" || fail "submit"; }

# 1. Nothing to tell. A script of node 4 has a rule of its own: that is its agency's own business.
printf 'function entry(state, e)\n  alert { rule = "OWN", severity = "critical" }\nend\n' > "$T/own.lua"
give 4 "$T/own.lua"
awk 'BEGIN { print "case_id,activity,timestamp"
  for (i = 0; i < 1200; i++) printf "c%03d,%s,2024-01-01T00:%02d:%02dZ\n", i % 300, i % 7 ? "good" : "bad", i / 60, i % 60 }' > "$T/log.csv"
"$R" --quiet cluster kill 3 --dir "$D"
"$R" --profile "$D/node1/profile.yaml" --quiet import "$T/log.csv" --rate 600 --wait > "$T/import.txt" &
import=$!
sleep 0.5
"$R" --quiet cluster start 3 --dir "$D"
sleep 0.7
"$R" --quiet cluster kill 2 --dir "$D"
"$R" --quiet cluster start 2 --dir "$D"
wait $import || fail "import"
within 20 rules_passed "$D" 4 "$(height)" || fail "the rules lag behind"
checkpoint
for i in 1 2 3 4; do
  told $i 0 0 || fail "node $i: a difference where there is none: $(on "$D" $i alerts --json --severity system)"
  eq "$(differ $i)" '"differ":[]' "node $i"
  eq "$(on "$D" $i alerts --json | grep -c '"rule":"R"')" 172 "alerts of node $i"
done
[ "$(on "$D" 4 alerts --json | grep -c '"rule":"OWN"')" -gt 1000 ] || fail "the script of node 4 is not followed"
say "equal: nothing told up to block $(height)"

# 2. Node 2 drops what it should tell.
give 2 "$modules/quiet.so"
before=$(height)
bad 1 dropped
checkpoint
for i in 1 3 4; do
  within 10 told $i 1 0 || fail "node $i did not tell that node 2 drops an alert"
  eq "$(differ $i)" '"differ":["node2"]' "node $i"
done
within 10 told 2 3 0 || fail "node 2 did not tell that it differs"
on "$D" 1 alerts --json --severity system | grep '"rule":"alerts-differ"' > "$T/told"
grep -q '"de":"Dieser Knoten und der Knoten node2 ' "$T/told" && grep -q '"en":"This node and node node2 ' "$T/told" || fail "the words: $(cat "$T/told")"
on "$D" 1 status > "$T/status.txt"
grep -q 'compared .*other alerts at node2' "$T/status.txt" || fail "status: $(cat "$T/status.txt")"
checkpoint
for i in 1 3 4; do told $i 1 0 || fail "node $i told it again"; done
[ "$(height)" -gt $((before + 30)) ] || fail "the ledger stands still"
within 10 all_equal "$D" 4 || fail "the nodes differ"

# 3. It judges again: the case when its next entry comes.
give 2 none
on "$D" 1 submit --case dropped --step good --wait > "$T/out.txt" || fail "submit"
checkpoint
for i in 1 3 4; do within 10 told $i 1 1 || fail "node $i did not tell that node 2 agrees again"; done
within 10 told 2 3 3 || fail "node 2 did not tell that it agrees again"
eq "$(differ 1)" '"differ":[]' "node 1"

# 4. Node 3 invents.
give 3 "$modules/invents.so"
checkpoint
for i in 1 2 4; do
  within 10 told $i $([ $i = 2 ] && echo "4 3" || echo "2 1") || fail "node $i did not tell that node 3 invents alerts"
done
within 10 all_equal "$D" 4 || fail "the nodes differ"
say "ok: 4 nodes equal at height $(height)"
