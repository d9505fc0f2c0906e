#!/usr/bin/env bash
# Clocks that are wrong: one node an hour ahead and one a day behind; put right while they run; then all an hour ahead, and
# put right. Submissions through every node become final all the while, nothing forks, and the time of the blocks is never
# further ahead than the rule allows: a block that claims more is not voted for.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/judge.sh"
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigend"; then say "SKIPPED: a sanitizer must be the first library"; exit 0; fi
"${CC:-cc}" -shared -fPIC -O1 -o "$T/clock.so" "$root/tests/cluster/clock.c" || fail "the clock library does not build"
D=$T/net
drift=2000
hour=3600000
set_clock() { printf '%-31s' "$2" | dd of="$T/clock$1" conv=notrunc status=none; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
block_time() { { on "$D" "$1" status --json || true; } | num time_ms; }
offset_of() { { on "$D" 1 status --json || true; } | grep -o "\"name\":\"node$1\"[^}]*" | grep -o '"clock_offset_ms":[0-9-]*' | cut -d : -f 2 || true; }
missed_by() { { on "$D" 1 status --json || true; } | grep -o "\"name\":\"node$1\"[^}]*" | num_of missed_turns; }
num_of() { grep -o "\"$1\":[0-9-]*" | cut -d : -f 2; }
# The newest block's time against the right clock.
in_bounds() {
  local ahead=$(($(block_time 1) - $(now_ms)))
  [ $ahead -le $drift ] || fail "$1: the ledger's time is $ahead ms ahead of the right clock"
}
shows_offset() { # NODE LEAST MOST
  local o
  o=$(offset_of "$1")
  [ -n "$o" ] && [ "$o" -ge "$2" ] && [ "$o" -le "$3" ]
}

for i in 1 2 3 4; do : > "$T/clock$i"; set_clock $i 0; done
up "$D" 4 --process "$processes/receipt.yaml"
"$R" --quiet cluster kill 1 2 3 4 --dir "$D"
set_clock 3 $hour
set_clock 4 -86400000
for i in 1 2 3 4; do RG_CLOCK=$T/clock$i LD_PRELOAD=$T/clock.so "$R" --quiet cluster start $i --dir "$D"; done
within 20 shows_offset 3 $((hour - 5000)) $((hour + 5000)) || fail "node 3 is not an hour ahead: $(offset_of 3)"
within 20 shows_offset 4 -86405000 -86395000 || fail "node 4 is not a day behind: $(offset_of 4)"
start_load "$D" 1 0
for round in 1 2; do
  for i in 1 2 3 4; do
    one "$D" $i "wrong-$round-$i"
    in_bounds "through node $i"
  done
done
seen=$(height "$D" 1)
within 30 reached "$D" 1 $((seen + 8)) || fail "the network does not go on"
in_bounds "clocks wrong"
say "one ahead, one behind: height $(height "$D" 1), node 3 missed $(missed_by 3) turns, node 4 $(missed_by 4)"

set_clock 3 0
set_clock 4 0
within 30 shows_offset 3 -5000 5000 || fail "node 3 is not right again: $(offset_of 3)"
within 30 shows_offset 4 -5000 5000 || fail "node 4 is not right again: $(offset_of 4)"
# All take their turns again: over a few rotations nobody misses one.
quiet() {
  local a b
  a="$(missed_by 3) $(missed_by 4)"
  seen=$(height "$D" 1)
  within 20 reached "$D" 1 $((seen + 12)) || fail "the network does not go on"
  b="$(missed_by 3) $(missed_by 4)"
  [ "$a" = "$b" ]
}
within 30 quiet || fail "nodes whose clocks are right again still miss turns"
for i in 1 2 3 4; do one "$D" $i "right-$i"; done
in_bounds "clocks right"

# All ahead by as much: nobody notices. Put right, the ledger goes on by milliseconds and waits for no hour.
for i in 1 2 3 4; do set_clock $i $hour; done
ahead() { [ $(($(block_time 1) - $(now_ms))) -gt $((hour - 60000)) ]; }
within 20 ahead || fail "the ledger's time did not follow the clocks"
for i in 1 2 3 4; do set_clock $i 0; done
for i in 1 2 3 4; do one "$D" $i "back-$i"; done
height_a=$(height "$D" 1)
time_a=$(block_time 1)
within 30 reached "$D" 1 $((height_a + 10)) || fail "the network waits for clocks that were put right"
passed=$(($(block_time 1) - time_a))
[ $passed -le 2000 ] || fail "with clocks put right the ledger's time ran on by $passed ms in a few blocks"
judge "$D" 4
say "ok: $verdict"
