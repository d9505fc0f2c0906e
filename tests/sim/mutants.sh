#!/bin/sh
# Show that the simulator finds faults put into the consensus on purpose (consensus/mutant.h): a separate
# build of the consensus for each, linked with the rest as built, run over seeds until one is violated.
#
#   mutants.sh BUILD_DIR [MUTANT...]      default: 1 3 4 8, and 0, which must survive
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
[ $# -gt 0 ] || set -- 0 1 3 4 8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c11 -O1 -D_GNU_SOURCE -I$root ${RG_MUTANT_CFLAGS:-}"
cc=${CC:-cc}

for m in "$@"; do
    dir=$work/$m
    mkdir "$dir"
    (cd "$dir" && for f in "$root"/consensus/*.c; do
        # shellcheck disable=SC2086
        $cc $flags -DRG_MUTANT="$m" -c "$f"
    done)
    # The mutant's objects come first, so that nothing of the product's consensus is taken.
    # shellcheck disable=SC2086
    $cc $flags "$root"/tests/sim/*.c "$dir"/*.o -o "$dir/sim" -Wl,--start-group \
        "$build/node/librg_core.a" "$build/ledger/librg_ledger.a" "$build/proto/librg_proto.a" \
        $(find "$build/proto" -name 'librg_proto_*.a') \
        "$build/crypto/librg_crypto.a" "$build/base/librg_base.a" -Wl,--end-group \
        $(pkg-config --libs libprotobuf-c libsodium)
    seeds=2000
    [ "$m" != 0 ] || seeds=100
    if "$dir/sim" --seeds $seeds --nodes 4 --stop > "$dir/out"; then
        [ "$m" = 0 ] && echo "the product survives $seeds seeds" && continue
        echo "mutant M$m SURVIVES $seeds seeds"
        exit 1
    fi
    if [ "$m" = 0 ]; then
        cat "$dir/out"
        exit 1
    fi
    echo "mutant M$m killed after $(sed -n 's/ seeds,.*//p' "$dir/out") seeds:" \
        "$(sed -n 's/^VIOLATION //p' "$dir/out")"
done
