#!/usr/bin/env bash
# A subscriber of alerts that is stopped (SIGSTOP) while every event of a steady load raises one, and goes on later: it
# misses nothing and hears nothing twice, its node's memory stays bounded, and finality does not feel it. Load is measured for
# half the time before, all the time while it is stopped, half the time after. Fails on a lost or doubled alert and on
# memory; the figures of finality are for reading.   Usage: stopped_reader.sh [SECONDS]     default: 600
. "$(dirname "$0")/../cluster/lib.sh"
seconds=${1:-600}
bound_kib=$((32 * 1024)) # 8192 frames wait for one subscriber at most, of some 700 bytes each
cat > "$T/p.yaml" << 'END'
process: stopped
version: 1
steps: [a, b, c, d, e, f]
rules:
  - {id: R1, template: absence, n: 1, activities: [a, b, c, d, e, f]}
END
D=$T/net
up "$D" 4 --process "$T/p.yaml"
node=$(cat "$D/node1/pid")
: > "$T/notes"
"$R" --profile "$D/node1/profile.yaml" watch --json --since 0 --topic alert.warning. > "$T/heard" 2> "$T/notes" &
reader=$!
jobs_started+=($reader)
within 10 grep -q watching "$T/notes" || fail "watch does not begin"
# The node's own memory, without the pages of its files. Looked at in all three parts and without starting a process
# each time: what watches must not be what finality feels.
memory() {
  local key value rest
  while read -r key value rest; do [ "$key" != RssAnon: ] || kib=$value; done < "/proc/$node/status"
}
most() { # FILE: until it is ended, the most memory seen since FILE was emptied
  local kib=0 max tick
  exec {tick}<> <(:)
  while :; do
    read -r -t 1 -u "$tick" || true
    memory
    read -r max < "$1" || max=0
    if [ "$kib" -gt "$max" ]; then echo "$kib" > "$1"; fi
  done
}
load() { # NAME SECONDS
  "$R" --profile "$D/node1/profile.yaml" bench --seconds "$2" --json > "$T/$1" || fail "the load ($1)"
}
raised() { on "$D" 1 alerts --json | grep -v '"severity":"system"' > "$T/alerts"; wc -l < "$T/alerts"; }
load warm 5
most "$T/most" &
jobs_started+=($!)
load before $((seconds / 2))
memory
before=$kib
kill -STOP $reader
: > "$T/most"
load stopped "$seconds"
most=$(< "$T/most")
alerts_after=$(raised)
missed=$((alerts_after - $(wc -l < "$T/heard")))
[ $missed -gt 0 ] || fail "the reader was not stopped"
kill -CONT $reader
all_heard() { [ "$(wc -l < "$T/heard")" -ge "$alerts_after" ]; }
began=$SECONDS
within 120 all_heard || fail "$(wc -l < "$T/heard") of $alerts_after alerts heard 120 s after the reader went on"
repaired=$((SECONDS - began))
load after $((seconds / 2))
alerts_after=$(raised)
within 30 all_heard || fail "the reader does not come to the end"
kill $reader
wait $reader || true
cmp "$T/alerts" "$T/heard" || fail "the reader did not hear what is in the log, or not in its order"
grew=$((most - before))
[ $grew -lt $bound_kib ] || fail "the node's memory grew by $grew KiB"
python3 - "$T" << 'END'
import json, sys
runs = {n: json.load(open(f"{sys.argv[1]}/{n}")) for n in ("before", "stopped", "after")}
print(f"{'reader':8} {'events':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}   sent to final, one client")
for name, r in runs.items():
    l = r["latency_ms"]
    print(f"{name:8} {r['events']:7} {l['p50']:8.2f} {l['p99']:8.2f} {l['max']:8.2f}")
p = {n: r["latency_ms"]["p99"] for n, r in runs.items()}
print(f"p99 while stopped against the middle of before and after: {(p['stopped'] / ((p['before'] + p['after']) / 2) - 1) * 100:+.1f} %")
END
say "ok: stopped for $seconds s and $missed alerts, heard $repaired s after it went on; 0 lost, 0 twice; memory of the node +$grew KiB"
