#!/usr/bin/env bash
# No vote leaves before its fdatasync: with every fdatasync of nodes 2, 3 and 4 held up for 400 ms, nothing that node 1
# hands in can be final earlier than that, since two of their votes are needed; without the delay it is a matter of
# milliseconds. The delay is put on the system call of the running nodes by strace.
. "$(dirname "$0")/lib.sh"
if ! command -v strace > /dev/null; then say "SKIPPED: strace is missing"; exit 0; fi
if grep -q -a __asan_init "$REIGEN_BIN/reigend" || grep -q -a __tsan_init "$REIGEN_BIN/reigend"; then
  say "SKIPPED: a sanitizer build does not run under strace"
  exit 0
fi
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"
submit_ms() {
  local start=${EPOCHREALTIME/./}
  on "$D" 1 submit --case "$1" --step "Confirmation of receipt" --wait > "$T/out.txt" || fail "submit $1"
  echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
on "$D" 1 submit --case warm --step "Confirmation of receipt" --wait > "$T/out.txt"
plain=$(for i in 1 2 3 4 5; do submit_ms "plain-$i"; done | sort -n | sed -n 3p)
[ "$plain" -lt 300 ] || fail "without delay a submit takes $plain ms: the machine is too busy for this test"
for i in 2 3 4; do
  strace -f -qq -p "$(cat "$D/node$i/pid")" -e trace=fdatasync -e inject=fdatasync:delay_enter=400000 \
    -o "$T/strace$i" 2> "$T/strace$i.err" &
  jobs_started+=($!)
done
sleep 0.7
for i in 2 3 4; do
  if ! grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(cat "$D/node$i/pid")/status"; then
    say "SKIPPED: strace may not attach here: $(head -n 1 "$T/strace$i.err")"
    exit 0
  fi
done
for i in 1 2 3; do
  held=$(submit_ms "held-$i")
  [ "$held" -ge 400 ] || fail "a submit was final after $held ms although every vote had to wait 400 ms for its fdatasync"
done
for i in 2 3 4; do
  [ "$(grep -c fdatasync "$T/strace$i")" -ge 2 ] || fail "node $i made no fdatasync"
done
say "ok: $plain ms, with fdatasync held up for 400 ms at least $held ms"
