#!/usr/bin/env bash
# Random crashes (SIGKILL) of nodes, rules hosts and subscribers while every event raises an alert: nothing lost, nothing
# told twice, nothing that did not happen, the same on every node.
#   Usage: delivery.sh [CRASHES [ALERTS [SEED]]]     default: 16 1600 1
# Two subscribers at node 2. One leaves its position to the node (--durable): after its crash it may hear again what it had
# not acknowledged. The other keeps the position together with what it did, which is here the line in its file, and goes
# on there (--since): it never hears anything twice.
. "$(dirname "$0")/lib.sh"
crashes=${1:-16} alerts=${2:-1600} RANDOM=${3:-1}
cat > "$T/p.yaml" << 'END'
process: delivery
version: 1
steps: [a, b, c, d, e, f]
rules:
  - {id: R1, template: absence, n: 1, activities: [a, b, c, d, e, f]}
END
# log FILE NAME EVENTS: cases of six events each, twenty at a time
log() {
  awk -v name="$2" -v cases=$(($3 / 6)) 'BEGIN {
    print "case_id,activity,timestamp"
    split("a b c d e f", s, " ")
    for (block = 0; block < cases; block += 20)
      for (step = 1; step <= 6; step++)
        for (c = block; c < cases && c < block + 20; c++)
          printf "%s-%06d,%s,2021-04-%02dT08:%02d:00Z\n", name, c, s[step], 10 + step, c % 60
  }' > "$1"
}
D=$T/net
up "$D" 4 --process "$T/p.yaml"
profile=$D/node2/profile.yaml
imports=()
# A round of crash and return takes about a second and a half; the alerts are to come all the while.
rate=$((alerts * 2 / (crashes * 3) / 2 + 1))
for i in 1 3; do
  log "$T/log$i.csv" "agency$i" $((alerts / 2))
  "$R" --quiet --profile "$D/node$i/profile.yaml" import "$T/log$i.csv" --rate "$rate" --wait --json > "$T/import$i" 2> "$T/import$i.err" &
  imports+=($!)
done
: > "$T/durable" > "$T/since" > "$T/notes"
last_acted() { tail -n 1 "$T/since" | num logseq; }
subscribe() { # durable | since: in the background, its pid in $started
  if [ "$1" = durable ]; then
    "$R" --profile "$profile" watch --json --durable desk --topic alert.warning. >> "$T/durable" 2>> "$T/notes" &
  else
    local from
    from=$(last_acted)
    "$R" --profile "$profile" watch --json --since "${from:-0}" --topic alert.warning. >> "$T/since" 2>> "$T/notes" &
  fi
  started=$!
}
subscribe durable; durable=$started
subscribe since; since=$started
keep() { jobs_started=("${imports[@]}" "$durable" "$since"); }
keep
nodes=0 hosts=0 subscribers=0 began=$SECONDS
while [ $((nodes + hosts + subscribers)) -lt "$crashes" ]; do
  i=$((RANDOM % 4 + 1))
  case $((RANDOM % 3)) in
    0)
      "$R" --quiet cluster kill $i --dir "$D"
      sleep "0.$((RANDOM % 4))"
      within 300 "$R" --quiet cluster start $i --dir "$D" || fail "node $i does not start again"
      nodes=$((nodes + 1))
      ;;
    1)
      host=$(pgrep -x reigen-rules -P "$(cat "$D/node$i/pid")" | head -n 1 || true)
      if [ -n "$host" ] && kill -KILL "$host" 2> /dev/null; then hosts=$((hosts + 1)); fi
      ;;
    2)
      which=durable pid=$durable
      [ $((RANDOM % 2)) = 0 ] || { which=since pid=$since; }
      kill -KILL "$pid" 2> /dev/null || fail "the subscriber ($which) has ended by itself: $(tail -n 3 "$T/notes")"
      wait "$pid" 2> /dev/null || true
      subscribe $which
      if [ $which = durable ]; then durable=$started; else since=$started; fi
      keep
      subscribers=$((subscribers + 1))
      ;;
  esac
  sleep "0.$((RANDOM % 9 + 1))"
done
crashed=$((SECONDS - began))
last=0
for n in 0 1; do
  i=$((n * 2 + 1))
  wait "${imports[$n]}" || fail "import at node $i ended with $?: $(cat "$T/import$i.err")"
  h=$(num last_height < "$T/import$i")
  last=$((h > last ? h : last))
done
within 120 all_equal "$D" 4 "$last" || fail "the nodes are not equal"
within 120 rules_passed "$D" 4 "$last" || fail "the rules did not pass height $last"
caught_up() { # FILE
  on "$D" 2 alerts --json > "$T/alerts2" && [ "$(tail -n 1 "$1" | num logseq)" = "$(grep -v '"severity":"system"' "$T/alerts2" | tail -n 1 | num logseq)" ]
}
for f in durable since; do within 120 caught_up "$T/$f" || fail "the subscriber ($f) does not come to the end"; done
kill "$durable" "$since"
wait "$durable" "$since" 2> /dev/null || true
for i in 1 2 3 4; do on "$D" $i alerts --json > "$T/alerts$i"; done
python3 "$(dirname "$0")/delivery_check.py" "$T"/log[13].csv --nodes "$T"/alerts[1-4] --once "$T/since" --again "$T/durable" || fail "seed ${3:-1}"
say "ok: $nodes nodes, $hosts rules hosts and $subscribers subscribers killed in $crashed s, height $last"
