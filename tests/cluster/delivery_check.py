"""delivery_check.py LOG.csv... --nodes ALERTS... --once FILE --again FILE: every event of the logs has exactly one alert,
on every node the same, and both subscribers of the second node have heard each: --once each one time, in order; --again
each at least one time. All alerts are files of `--json` lines. Prints one line of figures, or what is wrong."""
import collections
import csv
import hashlib
import json
import sys


def options(args):
    lists = {"logs": []}
    at = "logs"
    for a in args:
        if a.startswith("--"):
            at = a[2:]
            lists[at] = []
        else:
            lists[at].append(a)
    return lists


def alerts(path):
    with open(path, encoding="utf-8") as f:
        return [a for a in map(json.loads, f) if a["data"]["severity"] != "system"]


def body(alert):
    return json.dumps({k: v for k, v in alert.items() if k != "logseq"}, sort_keys=True)


def main():
    given = options(sys.argv[1:])
    bad = []
    cases = collections.Counter()
    for path in given["logs"]:
        with open(path, encoding="utf-8", newline="") as f:
            cases.update((path, row["case_id"]) for row in csv.DictReader(f))
    expected = sum(cases.values())
    digests = []
    for path in given["nodes"]:
        told = alerts(path)
        ids = [a["id"] for a in told]
        by_case = collections.defaultdict(list)
        for a in told:
            by_case[a["data"]["case"]].append(a["data"]["event_no"])
        if len(told) != expected or len(set(ids)) != expected:
            bad.append(f"{path}: {len(told)} alerts, {len(set(ids))} ids, of {expected} events")
        if sorted(map(len, by_case.values())) != sorted(cases.values()):
            bad.append(f"{path}: other numbers of alerts in the cases than of events")
        if any(sorted(numbers) != list(range(len(numbers))) for numbers in by_case.values()):
            bad.append(f"{path}: an event without an alert, or with two")
        if [a["logseq"] for a in told] != sorted({a["logseq"] for a in told}):
            bad.append(f"{path}: the log is not in order")
        digests.append(hashlib.sha256("\n".join(sorted(map(body, told))).encode()).hexdigest())
    if len(set(digests)) != 1:
        bad.append(f"the alerts of the nodes differ: {digests}")
    log = [body(a) for a in alerts(given["nodes"][1])]
    once = [body(a) for a in alerts(given["once"][0])]
    again = [body(a) for a in alerts(given["again"][0])]
    for name, heard in (("once", once), ("again", again)):
        lost = len(set(log) - set(heard))
        phantom = len(set(heard) - set(log))
        if lost or phantom:
            bad.append(f"--{name}: {lost} lost, {phantom} phantom")
    if once != log:
        bad.append(f"--once: {len(once) - len(set(once))} heard twice, or not in the order of the log")
    for line in bad:
        print(line)
    print(f"{expected} events, {len(set(log))} alerts on each of {len(digests)} nodes, digest {digests[0][:16]}; "
          f"lost 0, twice 0, phantom 0; told again to the subscriber without a position of its own: {len(again) - len(set(again))}"
          if not bad else f"{len(bad)} faults")
    sys.exit(1 if bad else 0)


main()
