#!/usr/bin/env bash
# After an import no file of any node holds a file number, a step name or a resource in the clear, and a node whose
# agency is not among the readers lists no case.
. "$(dirname "$0")/lib.sh"
D=$T/net
sed 's/^readers: all$/readers: [BAMF, LDS-SN]/' "$processes/receipt.yaml" > "$T/two-readers.yaml"
grep -q '^readers: \[BAMF' "$T/two-readers.yaml" || fail "the definition has no line \`readers: all\`"
up "$D" 4 --process "$T/two-readers.yaml"
synthetic "$T/log.csv" 100
result=$(on "$D" 1 import "$T/log.csv" --wait --json)
last=$(num last_height <<< "$result")
within 10 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
eq "$(on "$D" 2 conformance --json | num cases)" 100 "cases at a reader"
eq "$(on "$D" 3 conformance --json | num cases)" 0 "cases at a node that is no reader"
eq "$(on "$D" 4 alerts --json | wc -l)" 0 "alerts at a node that is no reader"
pseudonym=$(on "$D" 1 case synth-1-00003 --json | txt pseudonym)
code=0
on "$D" 3 case --pseudonym "$pseudonym" > "$T/out.txt" 2>&1 || code=$?
eq $code 1 "the case asked for at a node that is no reader"
grep -q "Confirmation of receipt" "$D/genesis.bin" || fail "the scan would find nothing: the definition is not in the genesis"
"$R" --quiet cluster down --dir "$D"
# The definition with its step names is public, in the genesis; it is not data of a case.
scanned=0
for word in synth-1- "Confirmation of receipt" "T02 Check" "T05 Print" 'Resource "'; do
  for i in 1 2 3 4; do
    for f in $(find "$D/node$i/data" "$D/node$i/log" -type f); do
      scanned=$((scanned + 1))
      if grep -q -a -F -e "$word" "$f"; then fail "$f holds \"$word\""; fi
    done
  done
done
[ $scanned -gt 40 ] || fail "only $scanned files were scanned"
say "ok: $scanned scans"
