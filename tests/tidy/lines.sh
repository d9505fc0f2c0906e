#!/bin/sh
# Files of at most 500 lines and 100 columns, no tabs, no trailing blanks, no left-over marks.
set -eu
cd "$(dirname "$0")/../.."
files=$(find base crypto consensus ledger proto storage rules client node -name '*.[ch]' | sort)
[ -n "$files" ] || { echo "no files: the check saw nothing"; exit 1; }
echo "$files" | xargs awk '
FNR==1 { if (last && lines > 500) { print last ": " lines " lines: split it by idea (limit 500)"; bad=1 } last=FILENAME; }
{ lines=FNR }
length($0) > 100 && $0 !~ /[^\001-\177]/ { print FILENAME ":" FNR ": longer than 100 columns"; bad=1 }
/\t/ { print FILENAME ":" FNR ": tab; use 4 spaces"; bad=1 }
/[ \t]$/ { print FILENAME ":" FNR ": trailing blank"; bad=1 }
/FIXME|XXX|TODO[^(]|TODO$/ { print FILENAME ":" FNR ": unfinished mark"; bad=1 }
/[^_a-zA-Z](sprintf|strcpy|strcat|strtok|atoi|atol|strtol|strtoul|gets|alloca|system|popen|rand|srand)\(/ && !/tidy: / { print FILENAME ":" FNR ": banned call; see docs/style.md for its replacement"; bad=1 }
END { if (lines > 500) { print last ": " lines " lines"; bad=1 } exit bad }'
