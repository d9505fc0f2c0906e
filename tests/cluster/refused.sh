#!/usr/bin/env bash
# Clients with an unknown key, of another ledger, of another agency, and plain connections: refused with 77 and a
# sentence, counted, and not one frame of theirs counts as heard. With the ZAP handler killed nobody new gets in.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 2 --process "$processes/receipt.yaml" --test-hooks
E=$T/other
up "$E" 1 --process "$processes/receipt.yaml"

refused() { { on "$D" 1 status --json || true; } | grep -o '"refused":[0-9]*' | cut -d : -f 2; }
profile() { cp "$D/node1/profile.yaml" "$T/bad.yaml"; sed -i -e "s|^key: .*|key: $T/bad.key|" "$T/bad.yaml"; cp "$1" "$T/bad.key"; chmod 600 "$T/bad.key"; }
try() { # WHAT
  local code=0
  timeout 20 "$R" --profile "$T/bad.yaml" status > "$T/out.txt" 2> "$T/err.txt" || code=$?
  eq $code 77 "$1"
  [ "$(wc -c < "$T/err.txt")" -gt 40 ] || fail "$1: no sentence"
  say "$1: 77: $(cut -c 9-110 "$T/err.txt")"
}

"$R" --quiet keygen "$T/unknown.key" > "$T/unknown.pub"
profile "$T/unknown.key"
frames() { on "$D" 1 status --json | grep -o '"frames":[0-9]*' | cut -d : -f 2; }
sleep 1
n=$(refused)
heard=$(frames)
try "an unknown key"
counted() { [ "$(refused)" -gt "$n" ]; }
within 5 counted || fail "the refusal was not counted"
profile "$D/node2/member.key"
try "a member of another agency"
timeout 20 "$R" --profile "$T/bad.yaml" watch > "$T/out.txt" 2> "$T/err.txt" && fail "watch with a foreign key works"
profile "$D/node1/node.key"
try "a node's key at the api"
cp "$E/node1/profile.yaml" "$T/bad.yaml"
sed -i -e "s|^key: .*|key: $E/node1/member.key|" -e "s|^api: .*|$(grep '^api:' "$D/node1/profile.yaml")|" "$T/bad.yaml"
try "a client of another ledger"
profile "$D/node1/member.key"
sed -i "s|^ledger_id: .*|$(grep '^ledger_id:' "$E/node1/profile.yaml")|" "$T/bad.yaml"
try "the right key with another ledger's id"

# greeting MECHANISM: the 64 bytes with which a ZMTP 3.0 client begins.
greeting() {
  printf '\377\0\0\0\0\0\0\0\001\177\003\0%s' "$1"
  head -c $((52 - ${#1})) /dev/zero
}
# Plain text: no greeting of ours, then a greeting that claims the NULL mechanism.
port=$(sed -n 's|^api: tcp://127.0.0.1:||p' "$D/node1/profile.yaml")
for _ in 1 2 3; do
  (exec 3<> "/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && sleep 0.1) 2> /dev/null || true
  (exec 3<> "/dev/tcp/127.0.0.1/$port" &&
    greeting 'NULL' >&3 &&
    sleep 0.2) 2> /dev/null || true
done
on "$D" 1 status > "$T/out.txt" || fail "the node does not answer after plain connections"
eq "$(frames)" "$heard" "frames heard after all refusals"

# Sixty raw connections that claim a frame of 1 GiB: greeting, then the head of a command of that length.
memory() { on "$D" 1 status --json | num memory_kib; }
memory_before=$(memory)
fds=()
for _ in $(seq 60); do
  { exec {fd}<> "/dev/tcp/127.0.0.1/$port"; } 2> /dev/null || fail "no raw connection"
  fds+=("$fd")
  greeting CURVE >&"$fd" 2> /dev/null || true
  printf '\006\0\0\0\0\100\0\0\0%64s' x >&"$fd" 2> /dev/null || true
done
sleep 0.5
grown=$(($(memory) - memory_before))
for fd in "${fds[@]}"; do exec {fd}>&-; done
[ $grown -lt 32768 ] || fail "60 raw connections cost $grown KiB"
say "60 raw connections that claim 1 GiB: $grown KiB"

# A key file that others can read is not used.
profile "$D/node1/member.key"
chmod 644 "$T/bad.key"
code=0
"$R" --profile "$T/bad.yaml" status > "$T/out.txt" 2> "$T/err.txt" || code=$?
eq $code 77 "a key file open to others"

# Nothing of all this reached the ledger.
eq "$(on "$D" 1 conformance --json | num events)" 0 "events on the ledger"

# The ZAP handler killed: the node lets nobody new in, and lives.
kill -USR1 "$(cat "$D/node1/pid")"
sleep 0.3
code=0
timeout 20 "$R" --profile "$D/node1/profile.yaml" status > "$T/out.txt" 2> "$T/err.txt" || code=$?
case $code in 69 | 77) ;; *) fail "with the ZAP handler dead a new client got $code" ;; esac
say "with the ZAP handler dead: $code"
say ok
