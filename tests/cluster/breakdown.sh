#!/usr/bin/env bash
# Conformance by site and month on four nodes: what it adds up to, the same bytes again, what is refused; and the public
# receipt log by month and by site against a second computation.
. "$(dirname "$0")/lib.sh"
check() { python3 "$root/tests/cluster/breakdown_check.py" "$@" || fail "breakdown_check $*"; }
# refused CODE TEXT ARGS...: node 1 of $D does not answer, and says so.
refused() {
  local want=$1 text=$2 code=0
  shift 2
  on "$D" 1 conformance "$@" > "$T/out" 2> "$T/err" || code=$?
  eq $code "$want" "conformance $*"
  grep -q -- "$text" "$T/err" || fail "conformance $* said: $(cat "$T/err")"
}
judged() { [ "$(on "$D" "$1" conformance --json | num events)" = "$2" ]; }

D=$T/net
cat > "$T/p.yaml" << 'END'
process: sites
version: 1
steps: [begin, answer]
fields: {place: [Leipzig, Dresden, Chemnitz]}
site: place
rules:
  - {id: R, template: response, activities: [begin, answer]}
END
grep -v '^site:' "$T/p.yaml" > "$T/none.yaml"
up "$D" 4 --process "$T/p.yaml"
enter() { local i=$1 c=$2 s=$3; shift 3; on "$D" "$i" submit --case "$c" --step "$s" --wait "$@" > "$T/out" || fail "submit $c $s"; }
enter 1 wrong begin --field place=Chemnitz --at 2025-12-31T12:00:00Z
enter 1 wrong answer --field place=Leipzig --at 2026-01-31T12:00:00Z
enter 1 one begin --field place=Leipzig --at 2026-01-31T23:30:00Z
enter 1 two begin --field place=Leipzig --at 2026-02-01T00:30:00+01:00
enter 2 three begin --field place=Dresden --at 2026-02-01T00:30:00Z
enter 3 four begin --at 2026-01-11T08:00:00Z
enter 1 one answer --field place=Dresden --at 2026-03-01T08:00:00Z
groups() { python3 -c '
import json, sys
for g in json.load(open(sys.argv[1]))["groups"]:
    r = g["rules"][0]
    print(g["site"], g["month"], g["cases"], g["events"], r["satisfied"], r["violated"], r["vacuous"], r["fitness"], end=";")' "$1"; }
for i in 1 4; do
  within 10 judged $i 7 || fail "node $i has not followed"
  on "$D" $i conformance --by site,month --json > "$T/c$i.json"
  on "$D" $i conformance --json > "$T/plain.json"
  check sums "$T/c$i.json" "$T/plain.json" Leipzig Dresden Chemnitz
done
eq "$(groups "$T/c1.json")" "Leipzig 2026-01 2 3 1 1 0 0.5;Dresden 2026-02 1 1 0 1 0 0.0;Chemnitz 2025-12 1 2 1 0 0 1.0;None 2026-01 1 1 0 1 0 0.0;" "groups"
eq "$(groups "$T/c4.json")" "$(groups "$T/c1.json")" "groups of another node"
on "$D" 1 conformance --by site,month > "$T/text"
grep -q '^site Leipzig, month 2026-01, cases 2, events 3$' "$T/text" || fail "the text: $(cat "$T/text")"
grep -q '^site -, month 2026-01, cases 1, events 1$' "$T/text" || fail "the text: $(cat "$T/text")"
eq "$(awk 'length > 100' "$T/text" | wc -l)" 0 "lines over 100 columns"
# When the first entry of a case is cancelled, the second says where it belongs.
entry=$(on "$D" 1 case wrong --json | grep -o '"entry":"[0-9/]*","fields"' | head -n 1 | cut -d '"' -f 4)
on "$D" 1 cancel --case wrong --entry "$entry" --wait > "$T/out" || fail "cancel"
within 10 judged 1 6 || fail "the cancellation is not judged"
on "$D" 1 conformance --by site,month --json > "$T/c1.json"
eq "$(groups "$T/c1.json")" "Leipzig 2026-01 3 4 1 1 1 0.5;Dresden 2026-02 1 1 0 1 0 0.0;None 2026-01 1 1 0 1 0 0.0;" "after a cancellation"
refused 65 'add `site: FIELD`' --by site --rules "$T/none.yaml"
refused 64 'it is site, month or site,month' --by year
on "$D" 1 conformance --by month --rules "$T/none.yaml" > "$T/text"
grep -q '^month 2026-02, cases 1, events 1$' "$T/text" || fail "the text: $(cat "$T/text")"
say "by hand: ok"

if [ ! -f "$data/receipt.csv.gz" ]; then
  say "SKIPPED: ../shared/data is absent, so the real receipt log was not judged"
  exit 0
fi
"$R" --quiet cluster down --dir "$D"
D=$T/real
up "$D" 4 --process "$processes/receipt.yaml"
on "$D" 1 import "$data/receipt.csv.gz" --wait --json > "$T/out"
listed=("Group 4" "Group 1" "Group 13") # the first entries say Group 1 or EMPTY
names=$(printf ', %s' "${listed[@]}")
sed "s/^  group: id/  group: [${names:2}]\nsite: group/" "$processes/receipt.yaml" > "$T/sites.yaml"
"$R" process check "$T/sites.yaml" > "$T/out" || fail "the definition with sites"
for i in 1 3; do
  within 20 judged $i 8577 || fail "node $i has not followed"
  on "$D" $i conformance --by month --as-of end --json > "$T/month.json"
  check log "$T/month.json" "$data/receipt.csv.gz" "$data/receipt.expected.json.gz"
  on "$D" $i conformance --by site,month --rules "$T/sites.yaml" --json > "$T/both.json"
  check log "$T/both.json" "$data/receipt.csv.gz" "$data/receipt.expected.json.gz" "${listed[@]}"
done
on "$D" 3 conformance --by site --rules "$T/sites.yaml" --json > "$T/site.json"
check log "$T/site.json" "$data/receipt.csv.gz" "$data/receipt.expected.json.gz" "${listed[@]}"
refused 65 'add `site: FIELD`' --by site,month
# The same bytes again, but for the height: an idle ledger goes on.
same() { sed 's/"height":[0-9]*/"height":0/' "$1"; }
on "$D" 3 conformance --by month --as-of end --json > "$T/again.json"
same "$T/again.json" | cmp - <(same "$T/month.json") || fail "the same question, another answer"
say "the real log by month and by site: ok"
