#!/bin/sh
# clang-format 14 agrees with every file.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-format >/dev/null || { echo "clang-format is missing: apt-get install clang-format"; exit 1; }
files=$(find base crypto consensus ledger proto storage rules client node tests -name '*.[ch]' -not -path '*/build/*' | sort)
[ -n "$files" ] || { echo "no files: the check saw nothing"; exit 1; }
echo "$files" | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error|warning' | sed 's/ \[-W.*//' | cut -d: -f1,2 | sort -u > "${TMPDIR:-/tmp}/reigen-format.$$" || true
bad=0
[ -s "${TMPDIR:-/tmp}/reigen-format.$$" ] && { cut -d: -f1 "${TMPDIR:-/tmp}/reigen-format.$$" | sort -u | sed 's/$/: run clang-format -i on it/'; bad=1; }
rm -f "${TMPDIR:-/tmp}/reigen-format.$$"
exit $bad
