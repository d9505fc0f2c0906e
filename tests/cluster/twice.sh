#!/usr/bin/env bash
# One identity, two processes: the same key, a copy of the data folder, other ports. On the same data or ports the second
# does not start. Where nobody listens to it, it follows and never votes. Where the others hear both, a living copy stops
# the node that meets it, with 70 and a sentence. No key signs two statements that contradict each other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/judge.sh"
# make_twin DIR I NAME: a folder beside node I with its key, a copy of its data, and ports of its own; node I is down.
make_twin() {
  local from=$1/node$2 to=$T/$3 base
  mkdir -p "$to"
  cp "$from"/*.key "$from/genesis.bin" "$to"
  cp -r --sparse=always "$from/data" "$to/data"
  base=$(grep -o 'votes: [0-9]*' "$from/node.yaml" | head -n 1 | grep -o '[0-9]*')
  local names=(votes bulk sync api events) k
  cp "$from/node.yaml" "$to/node.yaml"
  cp "$from/profile.yaml" "$to/profile.yaml"
  for k in 0 1 2 3 4; do # the sixth to tenth port of a node's ten are not used
    sed -i "/^listen/s/${names[$k]}: $((base + k))/${names[$k]}: $((base + k + 5))/" "$to/node.yaml"
    sed -i "/^[a-z]*: tcp/s/:$((base + k))\$/:$((base + k + 5))/" "$to/profile.yaml"
  done
}
# run_node CONFIG LOG: a process of our own, so that its exit code is known. Sets $pid.
run_node() {
  "$REIGEN_BIN/reigend" --config "$1" >> "$2" 2>&1 &
  pid=$!
  jobs_started+=("$pid")
}
gone() { ! kill -0 "$1" 2> /dev/null; }
# ended_with CODE PID WHO
ended_with() {
  local code=0
  within 20 gone "$2" || fail "the $3 one does not end"
  wait "$2" || code=$?
  eq $code "$1" "exit code of the $3 one"
}
twin() { "$R" --profile "$T/$1/profile.yaml" status --json 2> /dev/null || true; }
stop_node() {
  local pid
  pid=$(cat "$D/node$1/pid")
  kill -TERM "$pid"
  within 20 gone "$pid" || fail "node $1 does not end"
}

# 1. Everybody with everybody: nobody knows where the second one is.
D=$T/full
up "$D" 4 --process "$processes/receipt.yaml"
start_load "$D" 1 0
one "$D" 4 before
stop_node 4
make_twin "$D" 4 second
"$R" --quiet cluster start 4 --dir "$D"
for what in data ports; do
  mkdir -p "$T/same"
  cp "$T/second"/*.key "$T/second/genesis.bin" "$T/same"
  if [ $what = data ]; then sed "s|^data: .*|data: $D/node4/data|" "$T/second/node.yaml" > "$T/same/node.yaml"; else cp "$D/node4/node.yaml" "$T/same/node.yaml"; fi
  code=0
  timeout 20 "$REIGEN_BIN/reigend" --config "$T/same/node.yaml" > "$T/same/log" 2>&1 || code=$?
  eq $code 75 "a second node on the same $what"
  if [ $what = data ]; then sentence="another reigend runs on it"; else sentence="in use"; fi
  grep -q "$sentence" "$T/same/log" || fail "same $what: $(cat "$T/same/log")"
done
run_node "$T/second/node.yaml" "$T/second/log"
second=$pid
followed() { local h; h=$(twin second | num height); [ "${h:-0}" -ge "$1" ]; }
for i in 1 2 3 4; do one "$D" "$i" "both-$i"; done
# Through blocks that it follows it stays mute.
seen=$(height "$D" 1)
within 20 reached "$D" 1 $((seen + 8)) || fail "the network does not go on"
within 30 followed $((seen + 8)) || fail "the second one does not follow: $(tail -n 3 "$T/second/log")"
twin second | grep -q '"mute":true' || fail "the second one may vote: $(twin second)"
kill -TERM "$second"
ended_with 0 "$second" second
judge "$D" 4 --journal "$T/second/data/journal" --chain "$T/second/data/chain"
say "nobody hears it: mute; $verdict"

# 2. A line, 1-2-3-4, in which node 1 reaches the second one: each hears of the other through the relays.
rm -f "$T/stop"
: > "$T/accepted"
loaders=()
D=$T/line
up "$D" 4 --topology line --process "$processes/receipt.yaml"
one "$D" 2 before
"$R" --quiet cluster kill 1 4 --dir "$D"
make_twin "$D" 4 relayed
mine=$(sed -n 's/^listen: .*votes: \([0-9]*\), bulk: \([0-9]*\), sync: \([0-9]*\),.*/votes: \1, bulk: \2, sync: \3/p' "$T/relayed/node.yaml")
echo "  - {principal: node4, host: 127.0.0.1, $mine}" >> "$D/node1/node.yaml"
hers=$(sed -n 's/^listen: .*votes: \([0-9]*\), bulk: \([0-9]*\), sync: \([0-9]*\),.*/votes: \1, bulk: \2, sync: \3/p' "$D/node1/node.yaml")
sed -i '/^peers:/q' "$T/relayed/node.yaml"
echo "  - {principal: node1, host: 127.0.0.1, $hers}" >> "$T/relayed/node.yaml"
"$R" --quiet cluster start 1 --dir "$D"
run_node "$D/node4/node.yaml" "$D/node4/log"
first=$pid
echo "$first" > "$D/node4/pid"
run_node "$T/relayed/node.yaml" "$T/relayed/log"
second=$pid
start_load "$D" 2 200000
either() { gone "$first" || gone "$second"; }
within 30 either || fail "neither notices the other: $(tail -n 3 "$D/node4/log" "$T/relayed/log")"
sleep 2 # the other one may have noticed as well
stopped=
for who in first second; do
  pid=${!who}
  if [ $who = first ]; then log=$D/node4/log; else log=$T/relayed/log; fi
  if gone "$pid"; then
    ended_with 70 "$pid" $who
    grep -q "another node uses this node's key" "$log" || fail "the $who one stopped without a word: $(tail -n 3 "$log")"
    stopped="$stopped $who"
  fi
done
one "$D" 2 after
# The operator stops the second one and starts the first again.
if ! gone "$second"; then kill -TERM "$second"; ended_with 0 "$second" second; fi
gone "$first" || stop_node 4
"$R" --quiet cluster start 4 --dir "$D"
within 30 votes_again "$D" 4 || fail "node 4 stays mute"
one "$D" 4 alone-again
judge "$D" 4 --journal "$T/relayed/data/journal" --chain "$T/relayed/data/chain"
say "relayed: stopped:$stopped; $verdict"
say ok
