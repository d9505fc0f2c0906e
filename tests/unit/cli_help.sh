#!/usr/bin/env bash
# Help, man page, completion and suggestions all come from the table of commands, and agree.
set -euo pipefail
R=$1
cd "$(dirname "$0")/../.."
fail() { echo "FAILED: $*" >&2; exit 1; }
code() { local c=0; "$@" > /dev/null 2>&1 || c=$?; echo $c; }

commands=$("$R" --help | sed -n '/^usage/,/^global/p' | sed -n 's/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p' | grep -v completion)
n=0
while read -r c; do
  # shellcheck disable=SC2086
  help=$("$R" $c --help) || fail "$c --help"
  grep -q "^usage: reigen $c" <<< "$help" || fail "$c: no usage line"
  [ "$(sed -n '/^examples:/,$p' <<< "$help" | grep -c '^  reigen')" -eq 2 ] || fail "$c: not two examples"
  n=$((n + 1))
done <<< "$commands"
[ $n -ge 20 ] || fail "only $n commands"

"$R" help --man | cmp - docs/man/reigen.1 || fail "docs/man/reigen.1 is not current; run \`reigen help --man > docs/man/reigen.1\`"
if command -v man > /dev/null; then
  ! LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 docs/man/reigen.1 2>&1 > /dev/null | grep . || fail "man warns"
fi
for shell in bash zsh fish; do grep -q reigen <<< "$("$R" completion $shell)" || fail "completion $shell"; done
"$R" completion bash | bash -n || fail "the completion is no bash"
[ "$(bash -c "source <($R completion bash); COMP_WORDS=(reigen cluster u); COMP_CWORD=2; _reigen; echo \${COMPREPLY[*]}")" = up ] ||
  fail "completion of \`cluster u\`"

[ "$(code "$R")" = 64 ] || fail "no command"
[ "$(code "$R" --version)" = 0 ] || fail "--version"
[ "$(code "$R" statsu)" = 64 ] || fail "an unknown command"
grep -q 'did you mean `status`' <<< "$("$R" statsu 2>&1)" || fail "no suggestion"
grep -q 'did you mean --wait' <<< "$("$R" import --wiat x 2>&1)" || fail "no suggestion of an option"
[ "$(code "$R" import)" = 64 ] || fail "a missing argument"
[ "$(code "$R" import a b)" = 64 ] || fail "an argument too many"
[ "$(code "$R" --profile /nonexistent status)" = 78 ] || fail "no profile"
[ "$(code "$R" bench --seconds x)" = 64 ] || fail "a number that is none"
[ -z "$(NO_COLOR=1 "$R" --help | tr -d '\n' | grep -a "$(printf '\033')")" ] || fail "colour in a pipe"
echo "$n commands: ok"
