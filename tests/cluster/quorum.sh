#!/usr/bin/env bash
# Two nodes halt with one killed, say so (exit 69, `stalled`), and go on by themselves when it is back. Three nodes go
# on with one killed.
. "$(dirname "$0")/lib.sh"
D=$T/two
up "$D" 2 --process "$processes/receipt.yaml"
on "$D" 1 submit --case a --step "Confirmation of receipt" --wait > "$T/out.txt"
"$R" --quiet cluster kill 2 --dir "$D"
stalled() { code=0; on "$D" 1 status --json > "$T/status.json" || code=$?; [ $code -eq 69 ]; }
within 15 stalled || fail "status does not say that the network is stalled"
sentence=$(txt stalled < "$T/status.json")
[ ${#sentence} -gt 20 ] || fail "no sentence in stalled"
grep -q node2 <<< "$sentence" || fail "the sentence does not name who is missing: $sentence"
say "two nodes: $sentence"
# How often alert.system tells of the stall, in this state.
told() { on "$D" 1 alerts --json | grep -c "\"rule\":\"stall\",\"severity\":\"system\",\"state\":\"$1\"" || true; }
told_once() { [ "$(told "$1")" = 1 ]; }
within 15 told_once raised || fail "alert.system does not tell of the stall"
"$R" --profile "$D/node1/profile.yaml" submit --case b --step "Confirmation of receipt" --wait > "$T/out.txt" 2> "$T/err.txt" &
submit=$!
jobs_started+=($submit)
sleep 1
kill -0 $submit 2> /dev/null || fail "a submit became final without a quorum"
"$R" --quiet cluster start 2 --dir "$D"
wait $submit || fail "the submit that waited ended with $?: $(cat "$T/err.txt")"
going() { on "$D" 1 status > /dev/null; }
within 10 going || fail "the network is still stalled"
within 10 told_once healed || fail "alert.system does not tell that the stall is over"
eq "$(told raised)" 1 "alerts of the stall"
"$R" --quiet cluster down --dir "$D"

D=$T/three
up "$D" 3 --process "$processes/receipt.yaml"
"$R" --quiet cluster kill 3 --dir "$D"
synthetic "$T/log.csv" 20
eq "$(on "$D" 1 import "$T/log.csv" --wait --json | num accepted)" 120 "events that three nodes with one dead took"
on "$D" 2 submit --case c --step "Confirmation of receipt" --wait > "$T/out.txt" || fail "no submit at the other node"
"$R" --quiet cluster start 3 --dir "$D"
within 10 all_equal "$D" 3 2 || fail "the third does not catch up"

code=0
"$R" --quiet cluster down --dir "$D"
on "$D" 1 status > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 69 "status with no node"
say ok
