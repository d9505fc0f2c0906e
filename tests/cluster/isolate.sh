#!/usr/bin/env bash
# Networks that break: each node cut off in turn, halves that see nothing of each other, the leader cut off again and
# again. The side with a quorum goes on, nothing becomes final without one, and once healed all are level in seconds.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/judge.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"
isolate() { "$R" --quiet cluster isolate "$@" --dir "$D" || fail "isolate $* ended with $?"; }
heal() { "$R" --quiet cluster heal --dir "$D" || fail "heal ended with $?"; }
code=0
"$R" cluster isolate 1 2 3 4 --dir "$D" 2> "$T/err" || code=$?
eq $code 64 "isolate everybody"
one "$D" 1 first
start_load "$D" 1 0
start_load "$D" 3 100000

slowest=0
for i in 1 2 3 4; do
  isolate $i
  other=$((i % 4 + 1))
  eq "$("$R" cluster status --dir "$D" --json | grep -o "\"node\":$i,[^]]*\"cut\":[^]]*]" | grep -o '\[.*')" \
    "[$(seq -s , 4 | sed "s/,*$i,*/,/; s/^,//; s/,$//")]" "what cluster status shows of node $i"
  one "$D" $other "others-$i"
  within 20 stalls "$D" $i || fail "node $i is cut off and does not say that it is stalled"
  before=$(height "$D" $i)
  seen=$(height "$D" $other)
  within 20 reached "$D" $other $((seen + 2)) || fail "the network does not go on without node $i"
  eq "$(height "$D" $i)" "$before" "height of node $i, alone"
  heal
  seen=$(height "$D" $other)
  from=$(date +%s%N)
  within 20 reached "$D" $i "$seen" || fail "node $i does not catch up"
  ms=$((($(date +%s%N) - from) / 1000000))
  [ $ms -le $slowest ] || slowest=$ms
  within 20 flows "$D" $i || fail "node $i is healed and still stalled"
done
say "each in turn: level again in at most $slowest ms"

# Two and two: nothing is final on either side, and nothing is lost.
isolate 2 4
for i in 1 2 3 4; do within 20 stalls "$D" $i || fail "node $i does not say that it is stalled"; done
waiting=()
for i in 1 2; do
  "$R" --profile "$D/node$i/profile.yaml" submit --case "half-$i" --step "Confirmation of receipt" --wait > "$T/half$i" 2> "$T/half$i.err" &
  waiting+=($!)
  jobs_started+=($!)
done
before=$(for i in 1 2 3 4; do height "$D" $i; done)
sleep 2
eq "$(for i in 1 2 3 4; do height "$D" $i; done)" "$before" "heights while nobody has a quorum"
for i in 0 1; do kill -0 "${waiting[$i]}" 2> /dev/null || fail "a submit ended without a quorum: $(cat "$T/half$((i + 1))" "$T/half$((i + 1)).err")"; done
heal
for i in 0 1; do wait "${waiting[$i]}" || fail "a submit that waited ended with $?: $(cat "$T/half$((i + 1)).err")"; done
echo 2 >> "$T/accepted"
for i in 1 2 3 4; do within 20 flows "$D" $i || fail "node $i is still stalled"; done
say "two and two: stalled at heights $(sort -u <<< "$before" | tr '\n' ' ')and goes on"

# The leader, again and again.
for round in $(seq 6); do
  view=$({ on "$D" $((round % 4 + 1)) status --json || true; } | num view)
  leader=$(((view - 1) % 4 + 1))
  isolate $leader
  other=$((leader % 4 + 1))
  seen=$(height "$D" $other)
  within 30 reached "$D" $other $((seen + 2)) || fail "the network does not go on without its leader, node $leader"
  heal
done
judge "$D" 4
say "ok: $verdict"
