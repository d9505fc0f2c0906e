"""compare_expected.py RESULT.json EXPECTED.json.gz [--cases] [--renamed]: the conformance of a node against results
computed elsewhere; with --cases also the lists of cases and events, with
--renamed not the names of activities."""
import gzip
import json
import sys


def main():
    result = json.load(open(sys.argv[1], encoding="utf-8"))
    expected = json.load(gzip.open(sys.argv[2], "rt", encoding="utf-8"))
    with_cases = "--cases" in sys.argv
    wanted = {c["id"]: c for c in expected["constraints"]}
    checked = 0
    bad = []
    for rule in result["rules"]:
        want = wanted.get(rule["id"])
        if want is None:
            bad.append(f"{rule['id']}: not expected")
            continue
        checked += 1
        for key in ("template", "activities", "activations", "satisfied", "violated", "pending", "vacuous"):
            if key == "activities" and "--renamed" in sys.argv:
                continue
            if rule[key] != want[key]:
                bad.append(f"{rule['id']}: {key} is {rule[key]}, expected {want[key]}")
        if with_cases:
            if sorted(rule["violating_cases"]) != sorted(want["violating_cases"]):
                bad.append(f"{rule['id']}: other violating cases")
            got = sorted((c, tuple(e)) for c, e in rule["violations"])
            if got != sorted((c, tuple(e)) for c, e in want["violations"]):
                bad.append(f"{rule['id']}: other violating events")
    for line in bad:
        print(line)
    print(f"{checked} rules compared, {len(bad)} differences")
    sys.exit(1 if bad or checked == 0 else 0)


main()
