#!/usr/bin/env bash
# Events a second, final and judged at node 1, of four real nodes: without modules, and while node 4 has a rules module that
# misbehaves on every entry. Runs with a module and without take turns; their means are compared. Prints the figures; fails
# when a module costs more than a tenth. The low priority of the rules host only counts among the processes of one session
# while the kernel groups sessions; four nodes on one machine need kernel.sched_autogroup_enabled=0, one node a machine does not.
#   Usage: hostile.sh [KIND...]     default: crash hang giant chatter
. "$(dirname "$0")/../cluster/lib.sh"
modules=$REIGEN_BIN/../hostile
[ "$(cat /proc/sys/kernel/sched_autogroup_enabled 2> "$T/none" || echo 0)" = 0 ] || say "sessions are grouped: a module takes a whole share"
kinds=("$@")
[ $# -gt 0 ] || kinds=(crash hang giant chatter)
seconds=${REIGEN_BENCH_SECONDS:-8} rounds=${REIGEN_BENCH_ROUNDS:-5}
cat > "$T/p.yaml" << 'END'
process: hostile
version: 1
clock: ledger
readers: all
steps: [b1, b2, b3, b4, b5, b6]
fields: any
rules:
  - {id: R, template: absence, n: 9, activities: [b1]}
END
D=$T/net
up "$D" 4 --process "$T/p.yaml"
give() {
  sed -i '/^module:/d' "$D/node4/node.yaml"
  [ "$1" = none ] || echo "module: $modules/$1.so" >> "$D/node4/node.yaml"
  "$R" --quiet cluster kill 4 --dir "$D"
  "$R" --quiet cluster start 4 --dir "$D"
  within 20 all_equal "$D" 4 0 || fail "node 4 does not come back"
}
rate() {
  give "$1"
  on "$D" 1 --quiet bench --clients 16 --seconds "$seconds" --json > "$T/bench" 2> "$T/bench.err" || fail "$1: $(cat "$T/bench.err")"
  grep -o '"events_per_second":[0-9]*' "$T/bench" | cut -d : -f 2
}
worst=1000
mean() { local sum=0 n; for n in "$@"; do sum=$((sum + n)); done; echo $((sum / $#)); }
for kind in "${kinds[@]}"; do
  with=() without=("$(rate none)")
  for _ in $(seq "$rounds"); do
    with+=("$(rate "$kind")")
    without+=("$(rate none)")
  done
  share=$(($(mean "${with[@]}") * 1000 / $(mean "${without[@]}")))
  say "$kind: ${with[*]} events/s; without ${without[*]}; $((share / 10)).$((share % 10)) %"
  [ $share -ge $worst ] || worst=$share
done
[ $worst -ge 900 ] || fail "a module costs more than a tenth of the throughput"
