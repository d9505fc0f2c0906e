#!/usr/bin/env bash
# The agencies change the authorities: one leaves and comes back, by motions and votes, while submissions go on. What
# lacks a quorum, is voted down or expires does nothing. Who was taken out follows and serves but does not vote.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml" --tick 1000
key() { echo "$D/node$1/admin.key"; }
# propose I NAMES...: prints the motion's id
propose() { local i=$1; shift; on "$D" "$i" propose authorities "$@" --key "$(key "$i")" --wait --json | tee "$T/propose.json" | txt motion; }
vote() { on "$D" "$1" vote "$2" "$3" --key "$(key "$1")" --wait --json; }
code_of() { local c=0; "$@" > "$T/out.txt" 2> "$T/err.txt" || c=$?; echo $c; }
epoch_at() { [ "$(on "$D" "$1" motions --json | num epoch)" = "$2" ]; }
epoch_everywhere() { local i; for i in 1 2 3 4; do within 60 epoch_at "$i" "$1" || fail "node $i is not in epoch $1"; done; }
# carry MOTION NODES...: it is carried by the votes of these nodes' agencies.
carry() {
  local motion=$1 i
  shift
  for i in "$@"; do
    within 60 sees_motion "$i" "$motion" || fail "node $i does not hear of the motion"
    vote "$i" "$motion" yes > "$T/vote.json"
  done
  eq "$(txt state < "$T/vote.json")" carried "three of four"
}
sees_motion() { on "$D" "$1" motions --json | grep -q "\"id\":\"$2\""; }
no_motions() { on "$D" "$1" motions --json | grep -q '"motions":\[\]'; }
authorities() { on "$D" "$1" status --json | grep -o '"authorities":\[.*\],"quorum"' | grep -o '"agency":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' '; }
takes_turns() { eq "$(authorities "$1")" "$2" "authorities as node $1 sees them"; }

# Submissions all the time, at a node that stays and at the one that leaves; each waits until it is final.
work() {
  local i=$1 n=0
  while [ ! -e "$T/enough" ]; do
    n=$((n + 1))
    "$R" --profile "$D/node$i/profile.yaml" submit --case "w$i-$n" --step "Confirmation of receipt" --wait \
      > "$T/work$i.out" 2> "$T/work$i.err" || { echo failed > "$T/work$i.failed"; return 1; }
    echo $n > "$T/work$i.new" && mv "$T/work$i.new" "$T/work$i.n"
  done
}
works_on() {
  local i before
  for i in 1 4; do
    [ ! -e "$T/work$i.failed" ] || fail "a submission at node $i: $(cat "$T/work$i.err")"
    before=$(cat "$T/work$i.n" 2> /dev/null || echo 0)
    more() { [ "$(cat "$T/work$i.n" 2> /dev/null || echo 0)" -gt $((before + 2)) ]; }
    within 60 more || fail "submissions at node $i do not go on"
  done
}
work 1 &
w1=$!
work 4 &
w4=$!
jobs_started+=("$w1" "$w4")
works_on

# What is refused at once.
eq "$(code_of on "$D" 1 propose authorities BAMF,LDS-SN,AG3 --key "$(key 2)")" 77 "another agency's admin key"
eq "$(code_of on "$D" 1 propose authorities BAMF,LDS-SN,AG3 --key "$D/node1/node.key")" 77 "the node's key"
cp "$(key 1)" "$T/open.key" && chmod 644 "$T/open.key"
eq "$(code_of on "$D" 1 propose authorities BAMF --key "$T/open.key")" 77 "a key that others may read"
eq "$(code_of on "$D" 1 propose authorities BAMF,LDS-SM --key "$(key 1)")" 65 "an unknown name"
grep -q 'did you mean LDS-SN' "$T/err.txt" || fail "no suggestion: $(cat "$T/err.txt")"
eq "$(code_of on "$D" 1 propose authorities BAMF,node1 --key "$(key 1)")" 65 "a name twice"
eq "$(code_of on "$D" 1 propose authorities "" --key "$(key 1)")" 65 "no names"
eq "$(code_of on "$D" 1 propose authorities BAMF,LDS-SN,AG3,AG4 --key "$(key 1)")" 65 "a motion that changes nothing"
eq "$(code_of on "$D" 1 propose authorities BAMF)" 64 "no key"
eq "$(code_of on "$D" 1 vote 00 yes --key "$(key 1)")" 65 "an unknown motion"
no_motions 1 || fail "something refused is on the ledger"

# One that lacks a quorum does nothing, survives a restart of its node, and is voted down.
down=$(propose 1 AG4)
eq "$(txt state < "$T/propose.json") $(txt verdict < "$T/propose.json")" "open accepted" "the motion"
within 60 sees_motion 2 "$down" || fail "node 2 does not hear of the motion"
eq "$(code_of on "$D" 2 vote "$down" yes --key "$(key 3)")" 77 "a vote with another agency's key"
eq "$(vote 2 "${down:0:8}" yes | txt state)" open "two of four"
eq "$(code_of vote 2 "$down" no)" 1 "a second vote of one agency"
eq "$(on "$D" 2 status --json | num motions)" 1 "open motions in status"
"$R" --quiet cluster kill 2 --dir "$D"
"$R" --quiet cluster start 2 --dir "$D"
again() { on "$D" 2 motions --json 2> "$T/err.txt" | grep -q "\"id\":\"$down\".*\"yes\":\[\"BAMF\",\"LDS-SN\"\],\"no\":\[\],\"missing\":1"; }
within 60 again || fail "the restarted node does not know the motion and its votes"
within 60 sees_motion 3 "$down" || fail "node 3 does not hear of the motion"
eq "$(vote 3 "$down" no | txt state)" open "one against"
within 60 sees_motion 4 "$down" || fail "node 4 does not hear of the motion"
eq "$(vote 4 "$down" no | txt state)" closed "two against: it cannot be carried"
within 60 no_motions 1 || fail "a motion that was voted down is open"

# One that expires does nothing.
late=$(propose 1 AG3 --expires PT12S)
eq "$(vote 1 "${late:0:6}" yes 2>&1)" "my agency has voted so already; nothing to do" "a vote of who moved it"
for i in 1 2 3 4; do within 120 no_motions $i || fail "an expired motion is open at node $i"; done
eq "$(code_of vote 2 "$late" yes)" 65 "a vote on an expired motion"
for i in 1 2 3 4; do epoch_at $i 1 || fail "the epoch has changed without a quorum"; done
works_on

# AG4 leaves, by three of four.
leave=$(propose 1 BAMF,LDS-SN,AG3)
carry "$leave" 2 3
epoch_everywhere 2
takes_turns 1 "BAMF LDS-SN AG3 "
takes_turns 4 "BAMF LDS-SN AG3 "
works_on
# It follows and serves but its vote is none: with one authority left there is no quorum of two.
"$R" --quiet cluster kill 2 --dir "$D"
"$R" --quiet cluster kill 3 --dir "$D"
stalled() { [ "$(code_of on "$D" 1 status)" = 69 ]; }
within 60 stalled || fail "one authority and a follower go on as if two voted"
"$R" --quiet cluster start 2 --dir "$D"
works_on
"$R" --quiet cluster start 3 --dir "$D"

# It comes back, first in turn, with its own agency's vote.
back=$(propose 4 AG4,node1,LDS-SN,AG3)
carry "$back" 1 2
epoch_everywhere 3
takes_turns 2 "AG4 BAMF LDS-SN AG3 "
works_on
# It votes again: three of four must, and one of the others is dead.
"$R" --quiet cluster kill 3 --dir "$D"
works_on
"$R" --quiet cluster start 3 --dir "$D"

: > "$T/enough"
for w in $w1 $w4; do wait "$w" || fail "a submission: $(cat "$T"/work*.err)"; done
events=$(($(cat "$T/work1.n") + $(cat "$T/work4.n")))
within 60 all_equal "$D" 4 || fail "nodes are not equal"
height=$(place "$D" 1)
height=${height%% *}
within 60 rules_passed "$D" 4 "$height" || fail "rules did not pass height $height"
for i in 1 4; do eq "$(on "$D" $i conformance --json | num events)" "$events" "events on the ledger as node $i sees them"; done
"$R" --quiet cluster down --dir "$D"
for i in 1 2 3 4; do "$R" verify --data "$D/node$i/data" > "$T/verify.txt" || fail "verify of node $i: $(cat "$T/verify.txt")"; done
say "ok: height $height, $events submissions, three epochs"
