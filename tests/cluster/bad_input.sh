#!/usr/bin/env bash
# Files that cannot be imported: exit 65, an error that names line or field, and nothing of them on the ledger.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 2 --process "$processes/receipt.yaml"
head='case_id,activity,timestamp,resource'
row='c-1,Confirmation of receipt,2011-10-11T13:45:40+02:00,R1'

bad() { # NAME PATTERN: $T/in must be refused with a text that matches
  local code=0
  on "$D" 1 import "$T/in" --wait --json > "$T/out.txt" 2> "$T/err.txt" || code=$?
  eq $code 65 "$1 (said: $(cut -c 1-200 "$T/err.txt"))"
  grep -q -E -e "$2" "$T/err.txt" || fail "$1: the error does not match '$2': $(cut -c 1-300 "$T/err.txt")"
  [ ! -s "$T/out.txt" ] || fail "$1: there is a result"
  say "$1: $(cut -c 1-110 "$T/err.txt" | sed "s|$T/||g")"
}

printf '%s,shoe_size\n%s,44\n' "$head" "$row" > "$T/in"; bad "unknown column" 'line 1.*shoe_size'
printf '%s\n%s\nc-2,Confirmation of receipt,next tuesday,R1\n' "$head" "$row" > "$T/in"; bad "bad timestamp" 'line 3.*timestamp'
printf '%s\n%s\nc-2,Make coffee,2011-10-11T13:45:40Z,R1\n' "$head" "$row" > "$T/in"; bad "wrong step" 'line 3.*activity.*Make coffee'
printf '%s\n%s\nc-2,Confirmation of receipt\n' "$head" "$row" > "$T/in"; bad "too few fields" 'line 3'
printf '%s\n%s\n,Confirmation of receipt,2011-10-11T13:45:40Z,R1\n' "$head" "$row" > "$T/in"; bad "no file number" 'line 3.*case_id'
printf '%s\n%s\nc-2,"Confirmation of receipt,2011-10-11T13:45:40Z,R1\n' "$head" "$row" > "$T/in"; bad "open quotation" 'line 3'
printf '%s\n%s\nc-2,Confirmation of receipt,2011-10-11T13:45:40Z,%080d\n' "$head" "$row" 0 > "$T/in"; bad "too long a field" 'line 3.*resource'
printf '%s\n%s\nc-2,Confirmation of receipt,2011-10-11T13:45:40Z,R\377\n' "$head" "$row" > "$T/in"; bad "no UTF-8" 'line 3.*resource'
printf 'case_id,timestamp\nc-1,2011-10-11\n' > "$T/in"; bad "no activity" 'line 1.*activity'
printf '%s,resource\n%s,R2\n' "$head" "$row" > "$T/in"; bad "a column twice" 'line 1.*resource'
: > "$T/in"; bad "an empty file" 'empty'
synthetic "$T/log.csv" 300
gzip -c "$T/log.csv" > "$T/log.csv.gz"
head -c $(($(wc -c < "$T/log.csv.gz") / 2)) "$T/log.csv.gz" > "$T/in"; bad "truncated gzip" 'line [0-9]+.*gzip'
{ cat "$T/log.csv"; head -c 100000000 /dev/zero | tr '\0' x; echo; } > "$T/in"; bad "a line of 100 MB" 'line 1802.*64 KiB'
{ cat "$T/log.csv"; head -c 100000000 /dev/zero | tr '\0' '\n'; } | gzip -9 -c > "$T/in"; bad "a gzip bomb" 'line [0-9]+.*inflates'
rm "$T/in"; bad "no such file" 'not found'

code=0
printf 'process: p\nversion: 1\nsteps: any\nfields: any\nrules:\n  - id: R1\n    template: sometimes\n    activities: [a]\n    severity: warning\n' > "$T/p.yaml"
"$R" process check "$T/p.yaml" > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 65 "a process file with an unknown template"
grep -q -E ':7:[0-9]+:.*sometimes' "$T/err.txt" || fail "no line and column: $(cat "$T/err.txt")"
for f in "$processes"/*.yaml; do "$R" process check "$f" > "$T/out.txt" || fail "$f is not valid"; done

eq "$(on "$D" 1 conformance --json | num events)" 0 "events on the ledger"
eq "$(on "$D" 1 status --json | num height)" 0 "height"
code=0
on "$D" 1 case synth-1-00000 > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 1 "a case of a refused file in the vault"

# With --ignore-columns, and quoted as RFC 4180 has it, with CRLF and a byte order mark, a file goes in.
printf '\357\273\277%s,shoe_size\r\n"c ""1"", x",Confirmation of receipt,2011-10-11T13:45:40Z,"a, b",44\r\n' "$head" > "$T/in"
on "$D" 1 import "$T/in" --ignore-columns --wait --json > "$T/out.txt"
eq "$(num accepted < "$T/out.txt")" 1 "the good file"
on "$D" 1 case 'c "1", x' > "$T/out.txt"
grep -q 'resource=a, b' "$T/out.txt" || fail "the quoted field is lost: $(cat "$T/out.txt")"
say ok
