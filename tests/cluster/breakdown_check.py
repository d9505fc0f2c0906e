"""breakdown_check.py sums RESULT.json PLAIN.json SITE...: the groups of a conformance result come in order (of the SITEs,
those without one last, then of months), add up to its totals, and these are those of a result without groups.
breakdown_check.py log RESULT.json LOG.csv.gz EXPECTED.json.gz SITE...: besides, they are what the rows of a log and the
violating cases that were computed elsewhere come to; the site is the column `group`."""
import csv
import datetime
import gzip
import json
import sys
from collections import Counter, defaultdict

COUNTS = ("activations", "satisfied", "violated", "pending", "vacuous")


def check(good, what):
    if not good:
        sys.exit(f"FAILED: {what}")


def key_of(group):
    return group.get("site"), group.get("month")


def check_order(groups, sites):
    rank = {site: i for i, site in enumerate(sites)} | {None: len(sites)}
    keys = [(rank[site], month or "") for site, month in map(key_of, groups)]
    check(keys == sorted(set(keys)), f"order of {keys}")
    check(len({tuple(sorted(g)) for g in groups}) == 1, "groups with different keys")


def check_fitness(rule, where):
    decided = rule["satisfied"] + rule["violated"]
    got = rule["fitness"]
    if decided == 0:
        check(got is None, f"fitness {got} of nothing at {where}")
    else:
        check(abs(got - rule["satisfied"] / decided) <= 0.00005001 and round(got, 4) == got, f"fitness {got} at {where}")


def check_sums(result):
    groups = result["groups"]
    for key in ("cases", "events"):
        check(sum(g[key] for g in groups) == result[key], f"{key} do not add up")
    for i, rule in enumerate(result["rules"]):
        for key in COUNTS:
            check(sum(g["rules"][i][key] for g in groups) == rule[key], f"{key} of {rule['id']} do not add up")
    for g in groups:
        check([r["id"] for r in g["rules"]] == [r["id"] for r in result["rules"]], "other rules in a group")
        for r in g["rules"]:
            check_fitness(r, (key_of(g), r["id"]))
            check(sum(r[k] for k in COUNTS[1:]) == g["cases"], f"cases of {r['id']} at {key_of(g)}")


def check_plain(result, plain):
    rest = {k: v for k, v in result.items() if k not in ("groups", "height")}
    plain = {k: v for k, v in plain.items() if k != "height"}
    check(rest == plain, "the totals are not those of a result without groups")


def read_log(path):
    cases = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            cases[row["case_id"]].append(row)
    return cases


def check_log(result, cases, expected, sites):
    with_site = "site" in result["groups"][0]
    with_month = "month" in result["groups"][0]
    at = {}
    for case, rows in cases.items():
        moment = datetime.datetime.fromisoformat(rows[0]["timestamp"]).astimezone(datetime.timezone.utc)
        site = rows[0]["group"] if rows[0]["group"] in sites else None
        at[case] = (site if with_site else None, moment.strftime("%Y-%m") if with_month else None)
    number = Counter(at.values())
    events = Counter()
    for case, rows in cases.items():
        events[at[case]] += len(rows)
    got = {key_of(g): g for g in result["groups"]}
    check(set(got) == set(number), f"groups {sorted(map(str, set(got) ^ set(number)))}")
    compared = 0
    for i, rule in enumerate(result["rules"]):
        want = next(c for c in expected["constraints"] if c["id"] == rule["id"])
        violated = Counter(at[case] for case in want["violating_cases"])
        activated, answered = Counter(), Counter()
        if want["template"] == "response":
            for case, rows in cases.items():
                n = sum(row["activity"] == want["activities"][0] for row in rows)
                activated[at[case]] += n
                answered[at[case]] += n > 0
        for key, g in got.items():
            r = g["rules"][i]
            check(r["violated"] == violated[key], f"{r['violated']} violate {r['id']} at {key}, expected {violated[key]}")
            if want["template"] == "response":
                check(r["activations"] == activated[key], f"activations of {r['id']} at {key}")
                check(r["vacuous"] == number[key] - answered[key], f"vacuous cases of {r['id']} at {key}")
            compared += 1
    for key, g in got.items():
        check((g["cases"], g["events"]) == (number[key], events[key]), f"cases and events at {key}")
    print(f"{len(got)} groups, {compared} figures of rules compared")


def main():
    what, path, *rest = sys.argv[1:]
    result = json.load(open(path, encoding="utf-8"))
    sites = rest[1:] if what == "sums" else rest[2:]
    check_order(result["groups"], sites)
    check_sums(result)
    if what == "sums":
        check_plain(result, json.load(open(rest[0], encoding="utf-8")))
    else:
        check_log(result, read_log(rest[0]), json.load(gzip.open(rest[1], "rt", encoding="utf-8")), sites)


main()
