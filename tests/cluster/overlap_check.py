"""What overlap.sh needs to know about logs and counts.
  rotate LOG OUT            the same log, in which each case has the number of the one before it
  part EXPORT AGENCY OUT    the events that AGENCY recorded
  compare LOG DIR [EXPECTED.json.gz]
    DIR/want1, want2: what the rules say about the logs alone; got1, got2: about each agency's part of the ledger; c1, c2,
    c3: the conformance of three nodes, of which the first recorded LOG, the second its rotation, the third nothing.
    EXPECTED: results for LOG computed elsewhere."""
import csv
import gzip
import json
import sys

VERDICTS = ("satisfied", "violated", "pending", "vacuous")


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.reader(f))
    return rows[0], rows[1:]


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(header)
        out.writerows(rows)


def moved(path):
    header, rows = read(path)
    cases = sorted({r[header.index("case_id")] for r in rows})
    return dict(zip(cases, cases[1:] + cases[:1]))


def rotate(log, out):
    header, rows = read(log)
    case, to = header.index("case_id"), moved(log)
    for r in rows:
        r[case] = to[r[case]]
    write(out, header, rows)


def part(export, agency, out):
    header, rows = read(export)
    who = header.index("reigen:agency")
    write(out, header, [r for r in rows if r[who] == agency])


def counts(path):
    with open(path, encoding="utf-8") as f:
        return {r["id"]: tuple(r["before"].get(v, 0) for v in VERDICTS) for r in json.load(f)["rules"]}


def compare(log, folder, expected=None):
    bad = []
    want = [counts(f"{folder}/want{i}") for i in (1, 2)]
    got = [counts(f"{folder}/got{i}") for i in (1, 2)]
    for i in (0, 1):
        if not want[i] or want[i] != got[i]:
            bad.append(f"agency {i + 1}: {got[i]}, of its log alone {want[i]}")
    nodes = [{r["id"]: r for r in json.load(open(f"{folder}/c{i}", encoding="utf-8"))["rules"]} for i in (1, 2, 3)]
    for i, node in enumerate(nodes):
        for rule, r in node.items():
            if tuple(r[v] for v in VERDICTS) != tuple(map(sum, zip(want[0][rule], want[1][rule]))):
                bad.append(f"node {i + 1}, {rule}: not the sum of both agencies")
    if set(nodes[0]) != set(want[0]):
        bad.append("other rules")
    if any(r.get("violating_cases") for r in nodes[2].values()):
        bad.append("an agency without file numbers is told some")
    to = moved(log)
    for rule, r in nodes[0].items():
        second = nodes[1][rule]
        if sorted(to[c] for c in r["violating_cases"]) != sorted(second["violating_cases"]):
            bad.append(f"{rule}: violating cases of the second agency")
        if len(r["violating_cases"]) != want[0][rule][1] or r.get("unnamed", 0) != want[1][rule][1]:
            bad.append(f"{rule}: violating cases of the first agency")
    if expected is not None:
        with gzip.open(expected, "rt", encoding="utf-8") as f:
            for c in json.load(f)["constraints"]:
                if tuple(c[v] for v in VERDICTS) != want[0][c["id"]]:
                    bad.append(f"{c['id']}: {want[0][c['id']]}, expected {c}")
                for node, names in ((nodes[0], lambda n: n), (nodes[1], to.get)):
                    if sorted(map(names, c["violating_cases"])) != sorted(node[c["id"]]["violating_cases"]):
                        bad.append(f"{c['id']}: other violating cases than expected")
    for line in bad:
        print(line)
    print(f"{len(nodes[0])} rules, two agencies: {len(bad)} differences")
    sys.exit(1 if bad or not nodes[0] else 0)


{"rotate": rotate, "part": part, "compare": compare}[sys.argv[1]](*sys.argv[2:])
