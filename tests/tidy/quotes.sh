#!/bin/sh
# The rules that consensus/*.c quotes are those of docs/consensus.md, word for word: a quote is what stands
# between quotation marks behind a name, as in  /* R1: "..." */  or  /* I2: "..." */ . White space, comment
# stars, Markdown's ` and * do not count. R0 to R8 must each be quoted somewhere.
set -eu
cd "$(dirname "$0")/../.."
exec python3 - docs/consensus.md consensus/*.c <<'PY'
import re, sys

def plain(text):
    return " ".join(re.sub(r"[`*]", "", text).split())

document = plain(open(sys.argv[1], encoding="utf-8").read())
found, named, bad = 0, set(), 0
for path in sys.argv[2:]:
    source = open(path, encoding="utf-8").read()
    for comment in re.finditer(r"/\*.*?\*/", source, re.S):
        for quote in re.finditer(r'\b([RI]\d+)\b[^":]*(:?) *\s*\**\s*"([^"]*)"', comment.group()):
            line = source.count("\n", 0, comment.start() + quote.start()) + 1
            name, colon, text = quote.group(1), quote.group(2), plain(re.sub(r"\n\s*\*", "\n", quote.group(3)))
            found += 1
            named.add(name)
            if not colon:
                print(f'{path}:{line}: write {name}: "..."')
                bad = 1
            if len(text.split()) < 3 or text not in document:
                print(f'{path}:{line}: {name} quotes what docs/consensus.md does not say: "{text}"')
                bad = 1
for name in [f"R{i}" for i in range(9)]:
    if name not in named:
        print(f"consensus: no branch quotes {name}")
        bad = 1
if found < 15:
    print(f"found {found} quotes: the check saw nothing")
    bad = 1
print(f"{found} quotes")
sys.exit(bad)
PY
