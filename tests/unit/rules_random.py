"""rules_random.py REIGEN [ROUNDS [SEED]]: random logs judged by random rules of every template, once by `reigen process
shadow --log`, once by rules_oracle.py. Each log goes in as CSV and as XES. Times fall on the limit, a millisecond before
it and after it, and on one another; groups and other fields are missing, empty or EMPTY; names need quotes.

Every second round has sites and profiles: what a profile changes is drawn anew by the same form, and some rules are of one
site alone.

Compared are for every rule the counts of cases, and for every case that is violated or pending that it is, and its
violating events. Prints what differs; exit 1."""
import csv
import json
import random
import subprocess
import sys
import tempfile
from xml.sax.saxutils import quoteattr

from rules_oracle import DAY, ENDS, EXTEND, HOLD, HOUR, IN, OUT, RESUME, START, STEPS, Case, local, text_of

CASES = 40
SITES = ["north", "south", "east"]
PROFILES = {"north": ["north"], "two": ["east", "south"]}


# Random definitions and logs.

TESTS = ["is", "not", "less", "at_most", "more", "at_least"]


def conditions(r):
    field, test = r.choice([("v", "is"), ("v", "not"), ("num", "less"), ("num", "at_most"), ("num", "more"), ("num", "at_least"),
                            ("day", "at_least"), ("day", "less"), ("group", "known"), ("resource", "known")])
    if test == "known":
        return {field: {"known": r.random() < 0.5}}
    if test in ("is", "not"):
        return {field: {test: r.sample(["1", "2", "x, y"], r.randint(1, 2))}}
    if field == "day":
        return {field: {test: r.choice(["@occurred", "$other", text_of(START)[:10], text_of(START + 2 * DAY)])}}
    return {field: {test: r.choice(["9", "10", "$v", "007"])}}


def side(r, more=STEPS, where=0.2):
    out = []
    for step in r.sample(more, r.choice([1, 1, 1, 2, 3])):
        out.append({"step": step, "where": conditions(r)} if r.random() < where else {"step": step})
    return out


def written(activities):
    if activities == "any":
        return "any"
    return [s if "where" in s else s["step"] for s in activities]


def duration(ms):
    return f"P{ms // DAY}D" if ms % DAY == 0 else f"PT{ms // 1000}S"


FORMS = """init:1 exactly:1n absence:1n existence:1n at_most:1n between:1m choice:1 exclusive_choice:2 counter:1nr counter:1nrw
backlog:2n response:2 response:2s response_any:2 response_within:2d response_within:2ds response_within:2dh response_within:2df
response_within:2de response_within:2dc response_any_within:2dh alternate_response:2 alternate_response:2s chain_response:2
chain_response:2s responded_existence:2 responded_existence:2s co_existence:2 precedence:2 precedence:2s precedence_any:2
alternate_precedence:2 alternate_precedence:2s chain_precedence:2 chain_precedence:2s succession:2 alternate_succession:2
chain_succession:2 not_succession:2 not_succession:2s not_chain_succession:2 not_chain_succession:2s not_coexistence:2
not_coexistence:2s max_delay:2d max_delay:2dH max_delay:2dc min_delay:2d case_duration:d case_duration:dH case_deadline:D
stall:d stall:dH stall:dc lateness:1d role:1g role:1x single_group:1 binding_of_duty:1 four_eyes:2 no_after_value:1v data:1q
correlate:2C clash:1k""".split()


def make_rule(r, template, form, number):
    """A rule as it is written, and as it is judged: one for each id in the result."""
    rule = {"id": f"r{number}", "template": template}
    judged = dict(rule)
    if form[0] in "12":
        judged["a"] = "any" if template in ("role", "lateness") and r.random() < 0.3 else side(r)
        rule["activities"] = written(judged["a"])
    if form[0] == "2":
        judged["b"] = side(r)
        rule["activities"] = [written(judged["a"]), written(judged["b"])]
        rule["activities"] = [s[0] if len(s) == 1 and r.random() < 0.5 else s for s in rule["activities"]]
    if "n" in form:
        rule["n"] = judged["n"] = r.randint(1, 3)
    if "m" in form:
        judged["min"] = rule["min"] = r.randint(1, 2)
        judged["max"] = rule["max"] = rule["min"] + r.randint(0, 2)
    if "d" in form:
        judged["limit"] = r.choice([HOUR, DAY, 3 * DAY]) if "c" not in form else r.choice([DAY, 2 * DAY, 3 * DAY])
        rule["at_least" if template == "min_delay" else "within"] = duration(judged["limit"])
    if "c" in form:
        rule["calendar"] = judged["calendar"] = "K"
    if "h" in form:
        rule["hold"], rule["resume"] = HOLD, RESUME
        judged["hold"], judged["resume"] = [HOLD], [RESUME]
    if "f" in form:
        rule["from"] = judged["from"] = "day"
    if "e" in form:
        rule["extend"] = {"by": EXTEND, "to": "day"}
        judged["extend_by"], judged["to_field"] = [EXTEND], "day"
    if "w" in form:
        judged["window"] = r.choice([HOUR, DAY])
        rule["window"] = duration(judged["window"])
    if "r" in form:
        rule["reset"] = judged["reset"] = [r.choice(STEPS)]
    if "s" in form:
        rule["same"] = judged["same"] = "v"
    if "g" in form:
        rule["groups"] = judged["groups"] = ["G1"]
    if "x" in form:
        rule["agencies"] = judged["agencies"] = [r.choice("XY")]
    if "v" in form:
        rule["column"], rule["values"] = "v", r.sample(["1", "2", "x, y"], 2)
        judged["values"] = rule["values"]
    if "q" in form:
        rule["require"] = judged["require"] = conditions(r)
    if "C" in form:
        rule["compare"] = judged["compare"] = {"a": r.choice(["day", "num"]), "test": r.choice(TESTS), "b": r.choice(["other", "v"])}
    if "k" in form:
        rule["field"], rule["reset"] = "day", RESUME
        judged["field"], judged["reset"] = "day", [RESUME]
        judged["a"] = [{"step": s} for s in r.sample(STEPS, 3)]
        rule["activities"] = written(judged["a"])
    if "D" in form:
        rule["due"] = judged["due"] = "day"
        if r.random() < 0.6:
            rule["done"] = judged["done"] = "other"
    out = [judged]
    if "H" in form:
        hard = r.choice([2, 3]) * judged["limit"]
        rule["hard"] = duration(hard)
        out.append({**judged, "id": rule["id"] + ".hard", "limit": hard})
    return rule, sum((parts(j) for j in out), [])


def parts(j):
    """A template that is two others, as those."""
    t, name = j["template"], j["id"]
    if t.endswith("succession") and not t.startswith("not"):
        kind = t[:-len("succession")]
        return [{**j, "id": name + ".response", "template": kind + "response"},
                {**j, "id": name + ".precedence", "template": kind + "precedence"}]
    if t == "co_existence":
        back = {**j, "id": name + ".back", "template": "responded_existence", "a": j["b"], "b": j["a"]}
        return [{**j, "id": name + ".with", "template": "responded_existence"}, back]
    if t == "exclusive_choice":
        return [{**j, "id": name + ".one", "template": "choice", "a": j["a"] + j["b"]},
                {**j, "id": name + ".only", "template": "not_coexistence"}]
    return [j]


def make_rules(r):
    rules, judged = [], []
    for number, form in enumerate(FORMS):
        template, kind = form.split(":")
        rule, more = make_rule(r, template, kind, number)
        rules.append(rule)
        judged += more
    # Of steps that no other rule has, since what is excluded is not missed elsewhere.
    rules.append({"id": "out", "template": "exclude", "activities": [OUT, "shut"], "include": IN})
    judged.append({"id": "out", "template": "exclude", "a": [{"step": OUT}], "b": [{"step": "shut"}], "include": [IN]})
    rules += [{"id": "wait", "template": "response", "activities": [HOLD, RESUME]},
              {"id": "mile", "template": "milestone", "activities": [RESUME, STEPS[0]]}]
    judged += [{"id": "wait", "template": "response", "a": [{"step": HOLD}], "b": [{"step": RESUME}]},
               {"id": "mile", "template": "milestone", "a": [{"step": RESUME}], "b": [{"step": STEPS[0]}]}]
    return rules, judged


def add_sites(r, rules, judged):
    """Rules of one site, and profiles that say some of the others anew; each rule judged gets its sites."""
    profiles = {name: {"sites": sites, "rules": {}} for name, sites in PROFILES.items()}
    every = SITES + [None]
    for j in judged:
        j["sites"] = list(every)
    for number, form in enumerate(FORMS):
        name = f"r{number}"
        own = [j for j in judged if j["id"].split(".")[0] == name]
        if r.random() < 0.2:
            rules[number]["sites"] = r.choice(SITES)
            for j in own:
                j["sites"] = [rules[number]["sites"]]
        elif r.random() < 0.25:
            profile = r.choice(list(PROFILES))
            template, kind = form.split(":")
            rule, more = make_rule(r, template, kind, number)
            profiles[profile]["rules"][name] = {k: v for k, v in rule.items() if k not in ("id", "template")}
            for j, m in zip(own, more):
                j["sites"] = [s for s in every if s not in PROFILES[profile]]
                judged.append({**j, **m, "id": j["id"].replace(name, f"{name}.{profile}", 1), "sites": PROFILES[profile]})
    return profiles


def make_case(r):
    """Rows of one case. Steps of time are those that the limits are made of, give or take a millisecond."""
    now = START + r.choice([0, 0, 5 * DAY, 18 * DAY, 220 * DAY]) + r.randint(0, 3) * 6 * HOUR
    events = []
    for _ in range(r.randint(1, 14)):
        if r.random() > 0.3:
            now += r.choice([0, HOUR, DAY, 2 * DAY, 3 * DAY, 6 * HOUR, DAY - HOUR]) + r.choice([0, 0, 0, -1, 1])
            now = max(now, events[-1]["time"] if events else now)
        step = r.choice(STEPS * 4 + [HOLD, HOLD, RESUME, RESUME, EXTEND, EXTEND, OUT, OUT, IN, "shut", "shut"])
        dates = ["", "EMPTY", "no date", local(now).date().isoformat(), local(now + DAY).date().isoformat(),
                 text_of(now), text_of(now + DAY, 2), text_of(now + 6 * HOUR, -5)]
        events.append({"activity": step, "step": step, "time": now, "resource": r.choice(["", "EMPTY", "r1", "r2", "r, \"3\""]),
                       "group": r.choice(["", "EMPTY", "G1", "G1", "G2"]), "v": r.choice(["", "1", "2", "x, y", "10"]),
                       "num": r.choice(["", "EMPTY", "8", "9", "10", "007", "-3", "ten"]), "day": r.choice(dates),
                       "other": r.choice(dates), "place": r.choice(SITES + ["", "north"])})
    return events


COLUMNS = ["resource", "group", "v", "num", "day", "other", "place"]
XES_KEYS = {"activity": "concept:name", "resource": "org:resource", "group": "org:group"}


def write_csv(path, r, cases):
    """The rows of all cases, mixed up with one another."""
    left = {name: list(events) for name, events in cases.items()}
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator=r.choice(["\n", "\r\n"]))
        out.writerow(["case_id", "activity", "timestamp"] + COLUMNS)
        while left:
            name = r.choice(list(left))
            e = left[name].pop(0)
            out.writerow([name, e["activity"], text_of(e["time"], r.choice([0, 0, 1, -8]))] + [e[c] for c in COLUMNS])
            left = {k: v for k, v in left.items() if v}


def write_xes(path, r, cases):
    with open(path, "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849.2016" xmlns="http://www.xes-standard.org/">\n')
        for name, events in cases.items():
            f.write(f'<trace><string key="concept:name" value={quoteattr(name)}/>\n')
            for e in events:
                f.write(f'<event><date key="time:timestamp" value="{text_of(e["time"], r.choice([0, 5]))}"/>')
                for c in ["activity"] + [c for c in COLUMNS if e[c] != ""]:
                    f.write(f'<string key="{XES_KEYS.get(c, c)}" value={quoteattr(e[c])}/>')
                f.write("</event>\n")
            f.write("</trace>\n")
        f.write("</log>\n")


def write_definition(path, rules, profiles=None):
    days = {"holidays": {"f": {"easter": -2}, "m": {"easter": 1}, "w": {"day": "05-01"}}, "calendars": {"K": ["f", "m", "w"]}}
    with open(path, "w", encoding="utf-8") as f:
        f.write("process: random\nversion: 1\nclock: event\nsteps: any\n")
        fields = {**{c: "id" for c in COLUMNS}, "place": SITES}
        f.write("fields: any\n" if profiles is None else f"fields: {json.dumps(fields)}\nsite: place\nprofiles: {json.dumps(profiles)}\n")
        f.write(f"ends: [{json.dumps(ENDS)}]\n")
        for key, value in list(days.items() if rules else []) + [("rules", rules)]:
            f.write(f"{key}: {json.dumps(value, ensure_ascii=False)}\n")


def judge(reigen, folder, log):
    args = [reigen, "--quiet", "process", "shadow", f"{folder}/rules.yaml", "--against", f"{folder}/none.yaml", "--log",
            f"{folder}/{log}", "--agency", "X", "--json"]
    p = subprocess.run(args, capture_output=True, text=True, check=False)
    if p.returncode != 0:
        sys.exit(f"exit {p.returncode}: {p.stderr}")
    return p.stdout


def expected(judged, cases):
    as_of = max(e["time"] for events in cases.values() for e in events)
    out = {}
    for rule in judged:
        counts = {"vacuous": 0, "satisfied": 0, "pending": 0, "violated": 0}
        told = {}
        for name, events in cases.items():
            c = Case(rule, events, as_of)
            place = events[0]["place"] or None
            if "sites" in rule and place not in rule["sites"]:
                counts["vacuous"] += 1
                continue
            getattr(c, rule["template"])()
            counts[c.verdict()] += 1
            if c.verdict() in ("violated", "pending"):
                told[name] = (c.verdict(), c.bad)
        out[rule["id"]] = (counts, told)
    return out


def difference(rule, cases, want, got):
    for what in want[1].keys() | got[1].keys():
        if want[1].get(what) != got[1].get(what):
            print(f"{rule}\n  case {what}: here {want[1].get(what)}, reigen {got[1].get(what)}")
            for i, e in enumerate(cases[what]):
                print(f"  {i:3} {text_of(e['time'])} {e['step']!r}", {c: e[c] for c in COLUMNS if e[c]})
            return
    print(f"{rule}\n  here {want[0]}, reigen {got[0]}")


def one_round(reigen, folder, seed):
    r = random.Random(seed)
    rules, judged = make_rules(r)
    profiles = add_sites(r, rules, judged) if seed % 2 == 0 else None
    cases = {r.choice(["case {}", 'No. "{}"', "{}, ü<&>"]).format(i): make_case(r) for i in range(CASES)}
    write_definition(f"{folder}/rules.yaml", rules, profiles)
    write_definition(f"{folder}/none.yaml", [])
    write_csv(f"{folder}/log.csv", r, cases)
    write_xes(f"{folder}/log.xes", r, cases)
    text = judge(reigen, folder, "log.csv")
    if judge(reigen, folder, "log.xes") != text:
        sys.exit(f"seed {seed}: XES is judged otherwise than CSV")
    lines = [json.loads(line) for line in text.splitlines()]
    got = {rule["id"]: (rule["after"], {}) for rule in lines[-1]["rules"]}
    for d in lines[:-1]:
        got[d["rule"]][1][d["case"]] = (d["after"], d["events_after"])
    want = expected(judged, cases)
    if set(got) != set(want):
        sys.exit(f"seed {seed}: other rules: {set(got) ^ set(want)}")
    wrong = 0
    for rule in judged:
        if got[rule["id"]] != want[rule["id"]]:
            print(f"seed {seed}:", end=" ")
            difference(rule, cases, want[rule["id"]], got[rule["id"]])
            wrong += 1
    return wrong, len(judged) * len(cases), {i: w[0] for i, w in want.items()}


def main():
    reigen, rounds, seed = sys.argv[1], int((sys.argv + ["25"])[2]), int((sys.argv + ["", "1"])[3])
    wrong, verdicts, kinds = 0, 0, {}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(rounds):
            w, n, counts = one_round(reigen, folder, seed + k)
            wrong, verdicts = wrong + w, verdicts + n
            for i, c in counts.items():
                i = ".".join(part for part in i.split(".") if part not in PROFILES)
                for name, number in c.items():
                    kinds.setdefault(i, {}).setdefault(name, 0)
                    kinds[i][name] += number
    # A rule that was never kept or never broken shows nothing; a backlog cannot be broken, nor lateness by a file.
    broken = [i for i, c in kinds.items() if c["violated"] > 0]
    one_sided = [i for i, c in kinds.items() if c["satisfied"] + c["pending"] == 0 or i not in broken]
    print(f"{verdicts} verdicts of {len(kinds)} rules in {rounds} rounds, {wrong} rules differ; seen one way only: {one_sided}")
    sys.exit(1 if wrong > 0 or len(broken) != len(kinds) - 2 or len(one_sided) != 2 else 0)


main()
