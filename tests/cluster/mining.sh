#!/usr/bin/env bash
# Process mining: XES and CSV of one log give the same conformance; what is exported is what was imported, and imported
# elsewhere and exported again it is the same file; a file that changes during its import is noticed; the library as
# installed subscribes without loss, and so does a program in another language.
. "$(dirname "$0")/lib.sh"
check() { python3 "$root/tests/cluster/mining_check.py" "$@" || fail "mining_check $*"; }
counts() { on "$1" "$2" conformance --json | grep -o '"\(activations\|satisfied\|violated\|pending\|vacuous\)":[0-9]*'; }
code_of() { local c=0; "$@" > "$T/out.txt" 2> "$T/err.txt" || c=$?; echo $c; }

synthetic "$T/log.csv" 600
check make "$T/log.xes" "$T/log.csv"
gzip -k "$T/log.xes"

A=$T/a
up "$A" 4 --process "$processes/receipt.yaml"
up "$T/b" 1 --process "$processes/receipt.yaml"
eq "$(on "$A" 1 import "$T/log.xes.gz" --wait --json | num accepted)" 3600 "import of XES"
eq "$(on "$A" 1 import "$T/log.xes" --wait --json | num duplicates)" 3600 "a second import, not packed"
eq "$(on "$T/b" 1 import "$T/log.csv" --wait --json | num accepted)" 3600 "import of CSV"
within 10 eval '[ "$(counts "$A" 1)" = "$(counts "$T/b" 1)" ]' || fail "XES and CSV are judged otherwise"
eq "$(on "$A" 1 conformance --json | num events)" 3600 "events judged"

for f in xes csv ocel; do
  eq "$(on "$A" 1 export --format $f --out "$T/a.$f" --json | num events)" 3600 "export of $f"
  eq "$(stat -c %a "$T/a.$f")" 600 "mode of the export"
done
on "$A" 1 export --format xes --out "$T/a.xes.gz"
zcat "$T/a.xes.gz" | cmp - "$T/a.xes" || fail "the packed export is another"
on "$A" 1 --quiet export --format csv | cmp - "$T/a.csv" || fail "stdout is another"
check same "$T/log.csv" "$T/a.xes"
check same "$T/log.csv" "$T/a.csv"
check xes "$T/a.xes"
check ocel "$T/a.ocel" "$T/log.csv"
for f in xes csv ocel; do
  on "$T/b" 1 --quiet export --format $f | cmp - "$T/a.$f" || fail "the same log, imported as CSV, is exported otherwise as $f"
done
for f in xes.gz csv; do
  up "$T/again-$f" 1 --process "$processes/receipt.yaml"
  on "$T/again-$f" 1 import "$T/a.$f" --wait > "$T/out.txt"
  for g in xes csv ocel; do
    on "$T/again-$f" 1 --quiet export --format $g | cmp - "$T/a.$g" || fail "an exported and imported $f is exported otherwise as $g"
  done
  "$R" --quiet cluster down --dir "$T/again-$f"
done
say "import, export, import, export: the same bytes"

# File numbers stay in their agency.
on "$A" 2 export --format csv > "$T/other.csv"
eq "$(wc -l < "$T/other.csv")" 3601 "events at another agency"
! grep -q synth "$T/other.csv" || fail "a file number at another agency"
cut -d , -f 3- "$T/a.csv" | sort > "$T/1"
cut -d , -f 3- "$T/other.csv" | sort | cmp - "$T/1" || fail "other events at another agency"

eq "$(code_of on "$A" 1 export)" 64 "no format"
eq "$(code_of on "$A" 1 export --format xml)" 64 "an unknown format"
eq "$(code_of on "$A" 1 export --format csv --json)" 64 "facts and log both on stdout"
eq "$(code_of on "$A" 1 export --format csv --out "$T/a.csv")" 73 "a file that exists"
eq "$(code_of on "$A" 1 export --format csv --out "$T/none/a.csv")" 73 "no folder"
code=0; on "$A" 1 export --format csv > /dev/full 2> "$T/err.txt" || code=$?
eq $code 74 "a full disk"

# A file that is exchanged between the passes, and one that changes during the second.
sed 's/synth-1-/fresh-/' "$T/log.csv" > "$T/fresh.csv"
sed 's/synth-1-/wrong-/' "$T/log.csv" > "$T/wrong.csv"
mkfifo "$T/pipe"
# The second is written when the end of the first was read, not into the same opening of the pipe.
{ cat "$T/fresh.csv" > "$T/pipe"; sleep 1; cat "$T/wrong.csv" > "$T/pipe" 2> /dev/null; } &
eq "$(code_of on "$T/b" 1 import "$T/pipe" --wait)" 65 "an exchanged file"
grep -q 'changed or exchanged.*byte 0 on.* 0 of 3600' "$T/err.txt" || fail "it says: $(cat "$T/err.txt")"
"$R" --profile "$T/b/node1/profile.yaml" import "$T/fresh.csv" --rate 1000 --wait > "$T/out.txt" 2> "$T/err.txt" &
import=$!
within 10 eval 'on "$T/b" 1 case fresh-00000 > /dev/null 2>&1' || fail "the import does not begin"
cat "$T/wrong.csv" > "$T/fresh.csv"
code=0; wait $import || code=$?
eq $code 65 "a file changed under way"
sent=$(grep -o '[0-9]* of 3600' "$T/err.txt" | cut -d ' ' -f 1)
[ "$sent" -gt 0 ] && [ "$sent" -lt 3600 ] || fail "it says: $(cat "$T/err.txt")"
on "$T/b" 1 export --format csv > "$T/b.csv"
eq "$(grep -c fresh "$T/b.csv") $(grep -c wrong "$T/b.csv" || true)" "$sent 0" "events of the former and the present content"
say "a changed file: $(cut -c 1-160 "$T/err.txt" | sed "s|$T/||g")"
"$R" --quiet cluster down --dir "$T/b"

# The library as it is installed, the example built with nothing but that, and another language.
cmake --install "$REIGEN_BIN/.." --prefix "$T/inst" > "$T/out.txt"
export PKG_CONFIG_PATH=$(dirname "$(find "$T/inst" -name reigen.pc)")
sanitize=$(sed -n 's/^RG_SANITIZE:[A-Z]*=//p' "$REIGEN_BIN/../CMakeCache.txt") # its runtime must be the program's, too
# shellcheck disable=SC2046
cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror ${sanitize:+-fsanitize=$sanitize} "$root/client/example/alerts.c" \
  $(pkg-config --cflags --libs reigen) -o "$T/alerts"
export LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
value() { sed -n "s/^$1: //p" "$A/node2/profile.yaml"; }
example() {
  "$T/alerts" "$(value api)" "$(value events)" "$(value server_key)" "$(value ledger_id)" "$(value principal)" \
    "$A/node2/$(value key)" shown >> "$T/example.txt" 2> "$T/example.err" &
  jobs_started+=($!)
}
: > "$T/example.txt"
example
sleep 2
synthetic "$T/more.csv" 100 2
py=python3
"$py" -c 'import zmq' 2> /dev/null || py=/usr/bin/python3 # Debian's, which python3-zmq belongs to
"$py" "$root/tests/cluster/mining_check.py" watch "$A/node2/profile.yaml" "$root/docs/events.asyncapi.json" 30 \
  > "$T/python.txt" 2> "$T/python.err" &
python=$!
jobs_started+=($python)
within 10 grep -q watching "$T/python.err" || fail "the subscriber does not begin: $(cat "$T/python.err")"
on "$A" 1 import "$T/more.csv" --wait > "$T/out.txt"
wait $python || fail "the subscriber: $(cat "$T/python.err")"
eq "$(sort -u "$T/python.txt" | wc -l)" 30 "alerts over CURVE"
alert_ids "$A" 2 | cut -d '"' -f 4 > "$T/log.ids"
sort "$T/python.txt" | comm -23 - "$T/log.ids" | grep . && fail "an alert that is not in the log"
shown() { [ "$(line_ids "$T/example.txt")" = "$(alert_ids "$A" 2)" ]; }
within 10 shown || fail "the example shows $(wc -l < "$T/example.txt") alerts: $(cat "$T/example.err")"
first=$(wc -l < "$T/example.txt")
kill "${jobs_started[-2]}"
wait "${jobs_started[-2]}" || fail "the example ends with $?: $(cat "$T/example.err")"
synthetic "$T/third.csv" 100 3
on "$A" 1 import "$T/third.csv" --wait > "$T/out.txt" # while nobody watches
example
within 10 rules_passed "$A" 4 "$(place "$A" 1 | cut -d ' ' -f 1)" || fail "the rules do not follow"
within 10 shown || fail "the example shows $(wc -l < "$T/example.txt") of $(alert_ids "$A" 2 | wc -l) alerts"
[ "$(wc -l < "$T/example.txt")" -gt "$first" ] || fail "no alert was raised while nobody watched"
say "the example showed each of $(wc -l < "$T/example.txt") alerts once, across its own restart"

if [ ! -f "$data/receipt.xes.gz" ]; then
  say "SKIPPED: ../shared/data is absent, so the real receipt log was not imported"
  exit 0
fi
"$R" --quiet cluster down --dir "$A"
up "$T/real" 1 --process "$processes/receipt.yaml"
eq "$(on "$T/real" 1 import "$data/receipt.xes.gz" --wait --json | num accepted)" 8577 "the real log as XES"
on "$T/real" 1 export --format xes --out "$T/real.xes"
check same "$data/receipt.csv.gz" "$T/real.xes"
check xes "$T/real.xes"
within 10 eval '[ "$(on "$T/real" 1 conformance --json | num events)" = 8577 ]' || fail "not judged"
on "$T/real" 1 conformance --as-of end --json > "$T/c.json"
python3 "$root/tests/cluster/compare_expected.py" "$T/c.json" "$data/receipt.expected.json.gz" --cases
say ok
