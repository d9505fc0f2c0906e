#!/usr/bin/env bash
# verify: everything holds after an import; a changed byte anywhere in the chain's live data, in a certificate or the
# journal is found; a running node is not touched (75).
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 2 --process "$processes/receipt.yaml"
synthetic "$T/log.csv" 40
on "$D" 1 import "$T/log.csv" --wait --json > "$T/out.txt"
code=0
"$R" verify --data "$D/node1/data" > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 75 "verify of a running node"
"$R" --quiet cluster down --dir "$D"
for i in 1 2; do
  "$R" verify --data "$D/node$i/data" --json > "$T/verify$i.json" || fail "node $i does not hold"
done
eq "$(num tip < "$T/verify1.json") $(txt tip_hash < "$T/verify1.json")" "$(num tip < "$T/verify2.json") $(txt tip_hash < "$T/verify2.json")" "both tips"

# Change one byte at many places of the chain. Pages that are free, and the unused part of a page, hold nothing, so not
# every change is a fault; but a byte inside a block's stored body is.
chain=$(find "$D/node1/data/chain" -name '*.mdb' -not -name 'lock*' | head -n 1)
[ -n "$chain" ] || fail "no chain file"
cp "$chain" "$T/chain.good"
found=0
named=0
tried=0
size=$(wc -c < "$chain")
step=$((size / 60))
for at in $(seq $((step / 2)) $step $((size - 1))); do
  byte=$(od -An -tu1 -j "$at" -N 1 "$chain" | tr -d ' ')
  printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of="$chain" bs=1 seek="$at" conv=notrunc status=none
  tried=$((tried + 1))
  code=0
  "$R" verify --data "$D/node1/data" > "$T/out.txt" 2> "$T/err.txt" || code=$?
  case $code in
    0) ;;
    1) found=$((found + 1)); if grep -q 'height [1-9]' "$T/err.txt"; then named=$((named + 1)); fi ;;
    65) found=$((found + 1)) ;;
    *) fail "verify ends with $code: $(cat "$T/err.txt")" ;;
  esac
  cp "$T/chain.good" "$chain"
done
[ $found -gt 0 ] || fail "none of $tried changes was found"
[ $named -gt 0 ] || fail "no change was found with its height"
"$R" verify --data "$D/node1/data" > "$T/out.txt" || fail "the restored chain does not hold"

# The journal, in the middle of what is used.
journal=$(find "$D/node1/data/journal" -type f -size +1k | head -n 1)
cp "$journal" "$T/journal.good"
byte=$(od -An -tu1 -j 5000 -N 1 "$journal" | tr -d ' ')
printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of="$journal" bs=1 seek=5000 conv=notrunc status=none
code=0
"$R" verify --data "$D/node1/data" > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 1 "a changed byte in the journal"
cp "$T/journal.good" "$journal"
"$R" verify --data "$D/node1/data" > "$T/out.txt" || fail "the restored journal does not hold"
say "ok: $found of $tried changes found, $named with the height"
