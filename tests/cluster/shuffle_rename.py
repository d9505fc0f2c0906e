"""shuffle_rename.py LOG.csv.gz DEFINITION.yaml OUT.csv OUT.yaml: the same log with its cases in another order and its
activities under other names, and the definition with the same names. The order inside each case stays."""
import csv
import gzip
import random
import sys


def main():
    rows = list(csv.reader(gzip.open(sys.argv[1], "rt", encoding="utf-8", newline="")))
    header, rows = rows[0], rows[1:]
    case, activity = header.index("case_id"), header.index("activity")
    names = sorted({r[activity] for r in rows})
    random.seed(7)
    random.shuffle(names)
    new = {n: f"Schritt {i:02}" for i, n in enumerate(names)}
    cases = {}
    for r in rows:
        r[activity] = new[r[activity]]
        cases.setdefault(r[case], []).append(r)
    order = list(cases)
    random.shuffle(order)
    with open(sys.argv[3], "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(header)
        for c in order:
            out.writerows(cases[c])
    with open(sys.argv[2], encoding="utf-8") as f, open(sys.argv[4], "w", encoding="utf-8") as g:
        for line in f:
            if line.lstrip().startswith(("- ", "activities:")) and not line.lstrip().startswith("- id: R"):
                for n in sorted(new, key=len, reverse=True):
                    line = line.replace(n, new[n])
            g.write(line)


main()
