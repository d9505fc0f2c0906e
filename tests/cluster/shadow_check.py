"""Expected answers of `reigen process shadow`, worked out without it.

shadow_check.py within SHADOW.jsonl LOG.csv[.gz] RULE A B OLD_DAYS NEW_DAYS: the differences of one response_within rule,
  judged here from the rows of the log by what docs/process-definitions.md says about it; no other rule differs.
shadow_check.py conformance SHADOW.jsonl OLD.json NEW.json: every case whose violating events differ between two
  results of `conformance --json`, rules that only one of them has included; and all counts of the summary.
shadow_check.py follow FOLLOW.jsonl FRESH.jsonl: what was told last of each rule and case by a run with --follow is what a
  run that begins now has; every line of the flow says something new.
"""
import csv
import gzip
import json
import sys
from datetime import datetime, timedelta


def load(path):
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    return lines[:-1], lines[-1]


def fail(text):
    print(text)
    sys.exit(1)


def ordered(differences, summary):
    """By rule as in the summary, then by file number."""
    place = {rule["id"]: i for i, rule in enumerate(summary["rules"])}
    keys = [(place[d["rule"]], d["case"].encode()) for d in differences]
    if keys != sorted(set(keys)):
        fail("the differences are not in order, or some come twice")
    if summary["differences"] != len(keys) or summary["cases_differ"] != len({k[1] for k in keys}):
        fail(f"the summary counts {summary['differences']} differences of {summary['cases_differ']} cases")
    for rule in summary["rules"]:
        if rule["differ"] != sum(d["rule"] == rule["id"] for d in differences):
            fail(f"{rule['id']}: differ is {rule['differ']}")


def cases_of(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    cases = {}
    for row in csv.DictReader(opened):
        cases.setdefault(row["case_id"], []).append((row["activity"], datetime.fromisoformat(row["timestamp"])))
    return cases


def within(events, a, b, days, as_of):
    """Judgement and violating events: each A answered by the first later B, at the latest at the limit itself."""
    limit = timedelta(days=days)
    late, waiting, seen = [], False, False
    for i, (step, time) in enumerate(events):
        if step != a:
            continue
        seen = True
        answer = next((t for s, t in events[i + 1:] if s == b), None)
        if answer is not None and answer - time > limit or answer is None and as_of - time > limit:
            late.append(i)
        elif answer is None:
            waiting = True
    return ("violated" if late else "pending" if waiting else "satisfied" if seen else "vacuous"), late


def check_within(shadow, log, rule, a, b, old, new):
    differences, summary = load(shadow)
    cases = cases_of(log)
    as_of = max(t for events in cases.values() for _, t in events)
    want = []
    for case in sorted(cases, key=str.encode):
        before, late_before = within(cases[case], a, b, int(old), as_of)
        after, late_after = within(cases[case], a, b, int(new), as_of)
        if (before, late_before) != (after, late_after):
            want.append({"rule": rule, "case": case, "before": before, "after": after, "events_before": late_before,
                         "events_after": late_after})
    if not want:
        fail("no case differs: the check saw nothing")
    if differences != want:
        fail(f"{len(differences)} differences, expected {len(want)}: "
             f"{[d for d in differences if d not in want][:3]} for {[d for d in want if d not in differences][:3]}")
    ordered(differences, summary)
    if summary["cases"] != len(cases) or summary["events"] != sum(map(len, cases.values())):
        fail(f"the summary counts {summary['cases']} cases, {summary['events']} events")
    print(f"{len(want)} of {len(cases)} cases differ in {rule}, as worked out from the rows")


def check_conformance(shadow, old, new):
    differences, summary = load(shadow)
    old, new = (json.load(open(p, encoding="utf-8")) for p in (old, new))
    keys = ("satisfied", "violated", "pending", "vacuous")
    sides = [{r["id"]: r for r in c["rules"]} for c in (old, new)]
    ids = [r["id"] for r in new["rules"]] + [r["id"] for r in old["rules"] if r["id"] not in sides[1]]
    if [r["id"] for r in summary["rules"]] != ids:
        fail("the rules of the summary are others")
    if summary["added"] != [i for i in ids if i not in sides[0]] or summary["removed"] != [i for i in ids if i not in sides[1]]:
        fail(f"added {summary['added']}, removed {summary['removed']}")
    for rule in summary["rules"]:
        for side, name in zip(sides, ("before", "after")):
            counts = {k: side[rule["id"]][k] for k in keys} if rule["id"] in side else None
            if rule[name] != counts:
                fail(f"{rule['id']} {name}: {rule[name]}, expected {counts}")
    if (summary["cases"], summary["events"], summary["as_of"]) != (new["cases"], new["events"], new["as_of"]):
        fail("the summary is of other cases or another time")
    ordered(differences, summary)
    got = {(d["rule"], d["case"]): d for d in differences}
    checked = 0
    for rule in ids:
        lists = [dict(map(tuple_of, side[rule]["violations"])) if rule in side else {} for side in sides]
        for case in set(lists[0]) | set(lists[1]):
            before, after = lists[0].get(case, []), lists[1].get(case, [])
            d = got.get((rule, case))
            if before == after:
                if d is not None:
                    fail(f"{rule}, {case}: told, though the same events violate it")
                continue
            checked += 1
            if d is None:
                fail(f"{rule}, {case}: not told")
            if (d["events_before"], d["events_after"]) != (before, after):
                fail(f"{rule}, {case}: {d}, expected {before} and {after}")
            if (d["before"] == "violated", d["after"] == "violated") != (case in lists[0], case in lists[1]):
                fail(f"{rule}, {case}: {d}")
        # What differs without a violation: as many cases on each side as the counts say, and none of them violated.
        for d in (d for d in differences if d["rule"] == rule):
            if d["case"] in lists[0] or d["case"] in lists[1]:
                continue
            if "violated" in (d["before"], d["after"]) or d["before"] == d["after"] or d["events_before"] or d["events_after"]:
                fail(f"{d}: conformance knows no violation")
        # Of a rule that one version lacks only what is violated or pending is told.
        told = keys if rule in sides[0] and rule in sides[1] else ("violated", "pending")
        moved = {k: sum(d["after"] == k for d in differences if d["rule"] == rule)
                 - sum(d["before"] == k for d in differences if d["rule"] == rule) for k in told}
        counted = {k: sum(f * side[rule][k] for f, side in zip((-1, 1), sides) if rule in side) for k in told}
        if moved != counted:
            fail(f"{rule}: the cases told move the counts by {moved}, conformance by {counted}")
    if checked == 0:
        fail("no case differs: the check saw nothing")
    print(f"{len(differences)} differences, {checked} of them in violations, as two conformance runs have them")


def differs(d):
    if "absent" in (d["before"], d["after"]):
        return {d["before"], d["after"]} & {"violated", "pending"} != set()
    return (d["before"], d["events_before"]) != (d["after"], d["events_after"])


def check_follow(follow, fresh):
    told, flow, summary = {}, 0, False
    for line in open(follow, encoding="utf-8"):
        d = json.loads(line)
        if "rule" not in d:
            summary = True
            continue
        if summary != ("as_of" in d):
            fail(f"{d}: as_of stands where it should not, or does not where it should")
        flow += summary
        state = {k: v for k, v in d.items() if k != "as_of"} if differs(d) else None
        key = d["rule"], d["case"]
        if told.get(key) == state:
            fail(f"{d}: it was told before")
        told[key] = state
    want, _ = load(fresh)
    got = [d for d in told.values() if d is not None]
    if flow == 0 or sorted(map(str, got)) != sorted(map(str, want)):
        fail(f"after {flow} lines {len(got)} differences stand, a run from scratch has {len(want)}: "
             f"{[d for d in got if d not in want][:2]}, {[d for d in want if d not in got][:2]}")
    print(f"{flow} lines of the flow come to the {len(want)} differences of a run from scratch")


def tuple_of(pair):
    return pair[0], pair[1]


{"within": check_within, "conformance": check_conformance, "follow": check_follow}[sys.argv[1]](*sys.argv[2:])
