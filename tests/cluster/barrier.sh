#!/usr/bin/env bash
# No vote leaves before its fdatasync, read off the system calls of a node: each frame is made visible as it is handed to
# the messaging library (barrier_mark.c), and every signature of the node's own in it must have been in a write of the
# journal whose fdatasync had returned 0 by then (barrier_check.py). And a node whose fdatasync fails withholds the vote,
# ends with 74, never tries again, and is back in agreement after a start.
. "$(dirname "$0")/lib.sh"
here=$root/tests/cluster
skip() { say "SKIPPED: $*"; exit 0; }
command -v strace > /dev/null || skip "strace is missing"
command -v python3 > /dev/null || skip "python3 is missing"
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigend"; then skip "a sanitizer build does not run under strace"; fi
strace -o "$T/probe" -e trace=fdatasync true 2> "$T/probe.err" || skip "strace may not trace here: $(head -n 1 "$T/probe.err")"
"${CC:-cc}" -shared -fPIC -O1 -o "$T/mark.so" "$here/barrier_mark.c" -ldl -lzmq || fail "the marker library does not build"

D=$T/net
traced=2 # the node looked at; authority 1, counted from 0
up "$D" 4 --process "$processes/receipt.yaml"
synthetic "$T/warm.csv" 10
on "$D" 1 import "$T/warm.csv" --wait > /dev/null # every node has a journal with votes

node_ends() { ! kill -0 "$1" 2> /dev/null; }
stop_traced() { # a clean end
  local pid
  pid=$(cat "$D/node$traced/pid")
  kill -TERM "$pid"
  within 10 node_ends "$pid" || fail "node $traced does not end"
}
# start_traced TRACE [strace options]: sets $tracer and $node
start_traced() {
  local trace=$1
  shift
  strace "$@" -E LD_PRELOAD="$T/mark.so" -qq -ttt -xx -s 4194304 -o "$trace" \
    "$REIGEN_BIN/reigend" --config "$D/node$traced/node.yaml" >> "$D/node$traced/log" 2>&1 &
  tracer=$!
  child() { node=$(pgrep -x reigend -P "$tracer"); }
  within 10 child || fail "node $traced does not start under strace"
  jobs_started+=("$node")
  echo "$node" > "$D/node$traced/pid"
  answers() { on "$D" $traced status --json > "$T/status" 2> "$T/status.err"; }
  within 15 answers || fail "node $traced is not ready: $(cat "$T/status.err")"
}
shown=openat,close,pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fdatasync,fsync

# 1. What leaves, and when.
stop_traced
start_traced "$T/trace" -f -e trace=$shown
synthetic "$T/log.csv" 40 2
result=$(on "$D" 1 import "$T/log.csv" --rate 120 --wait --json)
eq "$(num accepted <<< "$result")" 240 "accepted"
# Step by step also through the node itself: it proposes. Under strace it may lag, and votes less than the others.
i=0
enough() {
  [ "$i" -lt 12 ] && return 1
  python3 "$here/barrier_check.py" "$T/trace" $((traced - 1)) 2> "$T/enough.err" | grep -q '^votes [2-9][0-9]\|^votes [0-9]\{3\}'
}
until enough; do
  [ "$i" -lt 100 ] || fail "the traced node does not vote: $(python3 "$here/barrier_check.py" "$T/trace" $((traced - 1)) 2>&1)"
  on "$D" $(((i += 1) % 4 + 1)) submit --case "one-$i" --step "Confirmation of receipt" --wait > "$T/out" || fail "submit $i"
done
within 10 all_equal "$D" 4 "$(num last_height <<< "$result")" || fail "nodes are not equal"
stop_traced
wait "$tracer" || fail "the traced node ended with $?"
seen=$(python3 "$here/barrier_check.py" "$T/trace" $((traced - 1))) || fail "votes and fdatasync: $seen"
votes=$(grep -o '^votes [0-9]*' <<< "$seen" | cut -d ' ' -f 2)
[ "$votes" -ge 20 ] || fail "only $votes votes were seen"
grep -q 'sendto(\|sendmsg(' "$T/trace" || fail "the trace shows no byte on a connection"
# The check can fail: on the same trace with votes that leave as the journal is written, and without the syncs.
if python3 "$here/barrier_check.py" "$T/trace" $((traced - 1)) --early > "$T/control" 2>&1; then fail "the check is blind to early votes"; fi
grep -q 'vote left before line' "$T/control" || fail "the control fails for another reason: $(cat "$T/control")"
if grep -v fdatasync "$T/trace" | python3 "$here/barrier_check.py" /dev/stdin $((traced - 1)) > "$T/control" 2>&1; then
  fail "the check is blind to missing syncs"
fi
grep -q 'never became durable' "$T/control" || fail "the control fails for another reason: $(cat "$T/control")"
say "ok: $seen"

# 2. The disk fails at the fdatasync of a vote. Only the node's first thread is traced, so the count is the journal's; its
# first are those of the start. One step at a time: under a load the node would lag behind and vote little.
withheld=0
round=0
steps=0
while [ "$withheld" -eq 0 ]; do
  round=$((round + 1))
  [ $round -le 10 ] || fail "no vote was waiting for any of the fdatasyncs that failed"
  rm -f "$T/trace"
  start_traced "$T/trace" -e trace=$shown -e inject=fdatasync:error=EIO:when=$((12 + round))
  code=0
  ends_at_work() {
    node_ends "$node" && return 0
    on "$D" 1 submit --case "r$round-$((steps += 1))" --step "Confirmation of receipt" --wait > "$T/out" || fail "submit in round $round"
    node_ends "$node"
  }
  within 30 ends_at_work || fail "node $traced goes on although its fdatasync failed"
  wait "$tracer" || code=$?
  eq "$code" 74 "exit code after a failed fdatasync"
  seen=$(python3 "$here/barrier_check.py" "$T/trace" $((traced - 1)) --failed) || fail "after a failed fdatasync: $seen"
  withheld=${seen##*withheld }
  on "$D" 1 submit --case "end$round" --step "Confirmation of receipt" --wait > "$T/out" || fail "no submit without the node"
  last=$(place "$D" 1)
  "$R" --quiet cluster start $traced --dir "$D"
  within 10 all_equal "$D" 4 "${last%% *}" || fail "nodes are not equal after the restart"
  stop_traced
  "$R" verify --data "$D/node$traced/data" > "$T/verify" || fail "verify: $(cat "$T/verify")"
done
"$R" --quiet cluster start $traced --dir "$D"
on "$D" $traced submit --case after --step "Confirmation of receipt" --wait > "$T/out" || fail "no submit afterwards"
last=$(place "$D" $traced)
within 10 all_equal "$D" 4 "${last%% *}" || fail "nodes are not equal at the end"
say "ok: fdatasync failed: exit 74, $seen (round $round); all agree at height ${last%% *}"
