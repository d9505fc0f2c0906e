#!/bin/sh
# Fail when a file includes a folder or library that deps.txt does not allow.
set -eu
cd "$(dirname "$0")/../.."
bad=0
libc="assert ctype errno inttypes limits math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint
stdio stdlib string time unistd fcntl pthread poll spawn dlfcn libgen dirent getopt locale termios syslog arpa netinet net sys linux sched strings"
libc=$(echo $libc)
while IFS=: read -r folder allowed; do
	case $folder in ''|'#'*) continue ;; esac
	seen=0
	for f in "$folder"/*.c "$folder"/*.h; do
		[ -f "$f" ] || continue
		seen=1
		for inc in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\([^>"]*\)[>"].*/\1/p' "$f"); do
			top=${inc%%/*}; top=${top%.h}
			dir=${inc%/*}
			case " $folder $allowed $libc " in
			*" $inc "*) continue ;;
			*" $dir "*) continue ;;
			esac
			# Inside node/ only named folders and headers count, not `node` as a whole.
			case $inc in node/*) [ "$folder" = node ] && continue
				echo "$f: $folder may not include <$inc> (see tests/tidy/deps.txt)"; bad=1; continue ;; esac
			case " $folder $allowed $libc " in
			*" $top "*) ;;
			*) echo "$f: $folder may not include <$inc> (see tests/tidy/deps.txt)"; bad=1 ;;
			esac
		done
	done
	[ $seen = 1 ] || { echo "$folder: no files: the check saw nothing"; bad=1; }
done < tests/tidy/deps.txt
exit $bad
