# What the cluster tests share; sourced. A test gets REIGEN_BIN, the folder of the programs. It works in a
# temporary folder $T of its own, and whatever it started is ended with it. With REIGEN_TEST_PORT set, the
# test's networks use ports from there on; else free ones are found. REIGEN_TEST_SLOW is how many times slower than a
# release the programs may be (those of a sanitizer).
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
R=${REIGEN_BIN:?REIGEN_BIN must name the folder of the programs}/reigen
data=$root/../shared/data
processes=$root/deploy/processes
T=$(mktemp -d "${TMPDIR:-/tmp}/reigen-test.XXXXXX")
jobs_started=()
unset REIGEN_PROFILE

cleanup() {
  local code=$? pid dir
  set +e
  for pid in "${jobs_started[@]}"; do kill -CONT "$pid" 2> /dev/null; kill "$pid" 2> /dev/null; done
  for dir in "$T"/*/cluster.yaml; do
    [ -f "$dir" ] || continue
    dir=${dir%/cluster.yaml}
    if [ $code -ne 0 ]; then
      for log in "$dir"/node*/log; do echo "--- $log"; tail -n 12 "$log"; echo; done >&2
    fi
    "$R" --quiet cluster down --dir "$dir"
    # What a sanitizer build of the nodes has to say, it says in their logs.
    if grep -a -l -E 'Sanitizer|runtime error:|rg_panic' "$dir"/node*/log; then
      grep -a -h -A 20 -m 1 -E 'Sanitizer|runtime error:' "$dir"/node*/log >&2
      code=1
    fi
  done
  wait 2> /dev/null
  if [ $code -eq 0 ] || [ -z "${REIGEN_TEST_KEEP-}" ]; then rm -rf "$T"; else echo "kept: $T" >&2; fi
  exit $code
}
trap cleanup EXIT

say() { printf '%s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
eq() { [ "$1" = "$2" ] || fail "$3: got '$1', expected '$2'"; }

# up DIR N [options]: a network of N nodes.
up() {
  local dir=$1 n=$2
  shift 2
  local port=()
  if [ -n "${REIGEN_TEST_PORT-}" ]; then
    port=(--base-port "$REIGEN_TEST_PORT")
    REIGEN_TEST_PORT=$((REIGEN_TEST_PORT + 80))
  fi
  "$R" --quiet cluster up --nodes "$n" --dir "$dir" "${port[@]}" "$@" --detach > "$dir.table"
}
# on DIR I COMMAND...: the command with node I's profile. Not for the background: the job would be a shell around the
# program, which outlives it; start "$R" itself there.
on() { local dir=$1 i=$2; shift 2; "$R" --profile "$dir/node$i/profile.yaml" "$@"; }
# The first number, or text, after "key": in JSON on stdin.
num() { grep -o "\"$1\":[0-9-]*" | head -n 1 | cut -d : -f 2 || true; }
txt() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4 || true; }
# height hash digest of node I
place() { local s; s=$(on "$1" "$2" status --json) || true; echo "$(num height <<< "$s") $(txt hash <<< "$s") $(txt digest <<< "$s")"; }
rules_height() { { on "$1" "$2" status --json || true; } | grep -o '"rules":{"height":[0-9]*' | grep -o '[0-9]*$' || true; }
# Retry a command every 100 ms for up to N seconds.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}
all_equal() {
  local dir=$1 n=$2 first i
  first=$(place "$dir" 1)
  for i in $(seq 2 "$n"); do [ "$(place "$dir" "$i")" = "$first" ] || return 1; done
  [ "${first%% *}" -ge "${3:-1}" ]
}
# The rules of every node passed height H and nothing waits for a key.
rules_passed() {
  local dir=$1 n=$2 h=$3 i s r
  for i in $(seq "$n"); do
    s=$(on "$dir" "$i" status --json) || return 1
    r=$(grep -o '"rules":{"height":[0-9]*,"parked":[0-9]*' <<< "$s")
    [ "$(grep -o 'height":[0-9]*' <<< "$r" | cut -d : -f 2)" -ge "$h" ] || return 1
    [ "${r##*:}" = 0 ] || return 1
  done
}
# alert_ids DIR I: the alerts of cases. What a node says of itself and of the network is its own.
alert_ids() { on "$1" "$2" alerts --json | grep -v '"severity":"system"' | grep -o '"id":"[0-9a-f]*"' | sort; }
line_ids() { grep -o '"id":"[0-9a-f]*"' "$1" | sort; }
# start_watch DIR I FILE: a watch in the background, ready when this returns.
start_watch() {
  : > "$3.notes"
  "$R" --profile "$1/node$2/profile.yaml" watch --json --topic alert.warning. --topic alert.critical. > "$3" 2>> "$3.notes" &
  jobs_started+=($!)
  within 10 grep -q watching "$3.notes" || fail "watch does not begin"
}

# synthetic FILE CASES [SEED]: a log of the receipt phase of our own. Of each ten cases one lacks T02 (R03), one
# starts wrong (R01), one repeats T02 (R17); its rows are interleaved by cases.
synthetic() {
  awk -v cases="$2" -v seed="${3:-1}" 'BEGIN {
    OFS = ","
    print "case_id,event_no,activity,lifecycle,timestamp,resource,group"
    s[0] = "Confirmation of receipt"; s[1] = "T02 Check confirmation of receipt"
    s[2] = "T04 Determine confirmation of receipt"; s[3] = "T05 Print and send confirmation of receipt"
    s[4] = "T06 Determine necessity of stop advice"; s[5] = "T10 Determine necessity to stop indication"
    for (block = 0; block * 20 < cases; block++)
      for (step = 0; step < 6; step++)
        for (c = block * 20; c < cases && c < block * 20 + 20; c++) {
          name = s[step]
          if (c % 10 == 3 && step == 1) name = s[2]
          if (c % 10 == 5 && step == 0) name = s[1]
          if (c % 10 == 7 && step == 4) name = s[1]
          printf "synth-%s-%05d,%d,%s,complete,2011-10-%02dT%02d:%02d:00+02:00,\"Resource \"\"%d\"\"\",Group %d\n",
            seed, c, step, name, 1 + step, 8 + c % 10, c % 60, c % 7, c % 4
        }
  }' > "$1"
}
