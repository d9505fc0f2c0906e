#!/usr/bin/env bash
# A network of sanitizer builds: an import with a kill and a restart, watchers, reads, a clean end. No process may report
# anything: races, memory errors, undefined behaviour, leaks at the end.
# Usage: sanitizers.sh BUILD_DIR     (a build with RG_SANITIZE=address,undefined or thread)
# With RG_SANITIZERS_ALL=1 no process ends at its first report, to see them all.
build=$(cd "${1:?usage: sanitizers.sh BUILD_DIR}" && pwd)
export REIGEN_BIN=$build/bin
. "$(dirname "$0")/lib.sh"
halt=1
[ -z "${RG_SANITIZERS_ALL-}" ] || halt=0
reports=$T/report
if grep -q -a __tsan_init "$REIGEN_BIN/reigend"; then
  kind=thread
elif grep -q -a __asan_init "$REIGEN_BIN/reigend"; then
  kind=address
else
  fail "$REIGEN_BIN/reigend is no sanitizer build"
fi
# Every process of the network writes its reports to files of its own; see the comments in the lists of suppressions.
export TSAN_OPTIONS=halt_on_error=$halt:exitcode=99:suppressions=$root/tests/tsan.supp:ignore_noninstrumented_modules=1:log_path=$reports
export ASAN_OPTIONS=detect_leaks=1:halt_on_error=$halt:exitcode=99:suppressions=$root/tests/asan.supp:log_path=$reports
export LSAN_OPTIONS=exitcode=99:suppressions=$root/tests/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=$halt:exitcode=99:log_path=$reports

no_reports() {
  local file bad=0
  for file in "$reports".*; do
    [ -s "$file" ] || continue
    bad=1
    { echo "--- $(basename "$file")"; head -n 60 "$file"; } >&2
  done
  [ $bad -eq 0 ] || fail "the $kind sanitizer reports something $1"
}

# The options reach the programs, and reports are found: a deliberate fault in a program built the same way.
cat > "$T/fault.c" << 'END'
#include <pthread.h>
#include <stdlib.h>
static int shared;
static void *run(void *arg) { shared++; return arg; }
static void *volatile kept;
int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 20; i++) {
        kept = malloc(10);
    }
    pthread_create(&thread, NULL, run, NULL);
    shared++;
    pthread_join(thread, NULL);
    kept = NULL;
    return 0;
}
END
"${CC:-cc}" -g -O0 -fsanitize=$kind "$T/fault.c" -o "$T/fault" -lpthread
"$T/fault" > /dev/null 2>&1 || true
compgen -G "$reports.*" > /dev/null || fail "the $kind sanitizer does not see a deliberate fault"
rm -f "$reports".*

D=$T/net
log=$T/log.csv
cases=150
synthetic "$log" $cases
events=$((cases * 6))
up "$D" 4 --process "$processes/receipt.yaml"
start_watch "$D" 2 "$T/watch.txt"
"$R" --profile "$D/node1/profile.yaml" import "$log" --rate 60 --wait --json > "$T/result.json" 2> "$T/result.err" &
import=$!
jobs_started+=($import)
sleep 3
host=$(pgrep -x reigen-rules -P "$(cat "$D/node2/pid")" | head -n 1)
kill -KILL "$host" # is started again
sleep 1
"$R" --quiet cluster kill 3 --dir "$D"
sleep 1
on "$D" 4 submit --case other --step "Confirmation of receipt" --wait > "$T/out"
"$R" --quiet cluster start 3 --dir "$D"
for i in 1 2 3 4; do
  within 15 on "$D" $i status > "$T/out" || fail "no status of node $i" # 69 while a node just started
  on "$D" $i alerts --json > "$T/out"
done
wait $import || fail "import ended with $?: $(cat "$T/result.err")"
eq "$(num accepted < "$T/result.json")" $events "accepted"
last=$(num last_height < "$T/result.json")
within 30 all_equal "$D" 4 "$last" || fail "nodes are not equal"
within 30 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
on "$D" 4 case other --json > "$T/out" || fail "no case"
on "$D" 1 conformance --json > "$T/conformance"
eq "$(num events < "$T/conformance")" $((events + 1)) "events on the ledger"
[ -s "$T/watch.txt" ] || fail "watch printed nothing"
# The watcher ends by a signal, and so do the nodes; one of them while the others go on.
kill -TERM "${jobs_started[0]}"
wait "${jobs_started[0]}" || true
no_reports "while the network runs"
pids=$(for i in 1 2 3 4; do cat "$D/node$i/pid"; done)
gone() { local pid; for pid in $pids; do if kill -0 "$pid" 2> /dev/null; then return 1; fi; done; }
for pid in $pids; do kill -TERM "$pid"; sleep 0.3; done
within 30 gone || fail "nodes do not end"
for i in 1 2 3 4; do
  tail -n 3 "$D/node$i/log" | grep -q 'stopped exit=0' || fail "node $i did not end with 0: $(tail -n 3 "$D/node$i/log")"
done
no_reports "at the end"
say "ok: $kind, $events events, height $last, a node and a rules host killed, no report"
