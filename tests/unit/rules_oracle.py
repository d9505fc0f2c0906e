"""A reading of docs/process-definitions.md that shares nothing with rules/: loops over the whole trace that follow the
words. rules_random.py compares it with the program."""
import datetime

HOUR = 3600_000
DAY = 24 * HOUR
START = 1_300_000_000_000  # March 2011: the clocks go forward and, at the end, back
STEPS = ["a", "b, with comma", 'c "quoted"', "d <xml> & more", "e ends"]
HOLD, RESUME, EXTEND, OUT, IN = "hold", "resume", "extend", "out", "in"
ENDS = STEPS[4]
EASTER = {2011: (4, 24), 2012: (4, 8)}


# Times. Days are those of Central European (summer) time.

def summer(ms):
    """Whether summer time is kept: from the last Sunday of March, 01:00 UTC, to that of October."""
    t = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)

    def last(month):
        day = datetime.datetime(t.year, month, 31, 1, tzinfo=datetime.timezone.utc)
        return day - datetime.timedelta(days=day.isoweekday() % 7)
    return last(3) <= t < last(10)


def local(ms):
    zone = datetime.timezone(datetime.timedelta(hours=2 if summer(ms) else 1))
    return datetime.datetime.fromtimestamp(ms // 1000, zone)


def end_of(day):
    """The instant at which a local day is over."""
    begin = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc)
    ms = int(begin.timestamp()) * 1000 - HOUR
    return ms - HOUR if summer(ms - HOUR) else ms


def text_of(ms, hours=0):
    """An instant as text, in a zone of that many hours."""
    t = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone(datetime.timedelta(hours=hours)))
    return t.isoformat().replace(t.isoformat()[19:], f".{ms % 1000:03d}" + (t.isoformat()[19:] if hours else "Z"))


def time_in(value):
    """The instant and whether it is a day alone; None for what is neither."""
    try:
        if len(value) == 10:
            return end_of(datetime.date.fromisoformat(value)), True
        t = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        return round(t.timestamp() * 1000), False
    except ValueError:
        return None


def working(day, holidays):
    if day.isoweekday() > 5:
        return False
    easter = datetime.date(day.year, *EASTER[day.year])
    return not (holidays and (day in (easter - datetime.timedelta(days=2), easter + datetime.timedelta(days=1)) or
                              (day.month, day.day) == (5, 1)))


def due_of(rule, ms):
    """The deadline of what began at @ms."""
    if "calendar" not in rule:
        return ms + rule["limit"]
    day = local(ms).date()
    left = rule["limit"] // DAY
    while left > 0:
        day += datetime.timedelta(days=1)
        left -= 1 if working(day, True) else 0
    return end_of(day)


# Events and conditions.

def known(value):
    return value not in ("", "EMPTY")


def compare(x, test, y):
    if test in ("is", "not"):
        return (x == y) == (test == "is")
    a, b = time_in(x), time_in(y)
    if a and b:
        if a[1] or b[1]:
            a, b = ((datetime.date.fromisoformat(v) if t[1] else local(t[0]).date()) for v, t in ((x, a), (y, b)))
        else:
            a, b = a[0], b[0]
    elif x.isascii() and y.isascii() and x.isdigit() and y.isdigit():
        a, b = int(x), int(y)
    else:
        return False
    return {"less": a < b, "at_most": a <= b, "more": a > b, "at_least": a >= b}[test]


def holds(where, event):
    for field, tests in where.items():
        value = event.get(field, "")
        for test, than in tests.items():
            if test == "known":
                good = known(value) == than
            elif test == "is":
                good = known(value) and value in than
            elif test == "not":
                good = not known(value) or value not in than
            else:
                than = text_of(event["time"]) if than == "@occurred" else event.get(than[1:], "") if than[:1] == "$" else than
                good = known(value) and known(than) and compare(value, test, than)
            if not good:
                return False
    return True


class Case:
    """A trace as one rule sees it."""

    def __init__(self, rule, events, as_of):
        self.rule, self.events, self.as_of = rule, events, as_of
        self.n = len(events)
        self.bad, self.active, self.pending = [], 0, 0
        same = rule.get("same")
        self.key = [e.get(same, "") if same else "x" for e in events]
        self.a = [self.on(i, rule.get("a", [])) for i in range(self.n)]
        self.b = [self.on(i, rule.get("b", [])) for i in range(self.n)]
        self.t = [e["time"] for e in events]

    def on(self, i, side):
        if side == "any":
            return True
        return known(self.key[i]) and any(s["step"] == self.events[i]["step"] and holds(s.get("where", {}), self.events[i])
                                          for s in side)

    def step(self, i, name):
        return self.events[i]["step"] in self.rule.get(name, [])

    def later(self, i, side):
        return next((k for k in range(i + 1, self.n) if side[k] and self.key[k] == self.key[i]), None)

    def earlier(self, i, side):
        return next((k for k in range(i - 1, -1, -1) if side[k] and self.key[k] == self.key[i]), None)

    def field(self, i, name):
        return self.events[i].get(name, "")

    def verdict(self):
        return "violated" if self.bad else "pending" if self.pending else "satisfied" if self.active else "vacuous"

    # Templates. Each sets active, pending and the violating events.

    def init(self):
        self.active = 1
        self.bad = [] if self.a[0] else [0]

    def count(self, least, most):
        """The case is over at its first step of `ends`: what is missing then stays missing."""
        self.active = 1
        end = next((i for i in range(self.n) if self.events[i]["step"] == ENDS), self.n - 1)
        self.bad = [-1] if sum(self.a[:end + 1]) < least else []
        self.bad += [i for i in range(self.n) if self.a[i] and sum(self.a[:i + 1]) > most]

    def exactly(self):
        self.count(self.rule["n"], self.rule["n"])

    def absence(self):
        self.count(0, self.rule["n"] - 1)

    def existence(self):
        self.count(self.rule["n"], 999)

    def at_most(self):
        self.count(0, self.rule["n"])

    def between(self):
        self.count(self.rule["min"], self.rule["max"])

    def choice(self):
        self.count(1, 999)

    def counter(self):
        for i in range(self.n):
            if self.a[i]:
                self.active += 1
                since = max((k for k in range(i + 1) if self.step(k, "reset")), default=0)
                window = self.rule.get("window", 99999 * DAY)
                if sum(self.a[k] and self.t[i] - self.t[k] <= window for k in range(since, i + 1)) >= self.rule["n"]:
                    self.bad.append(i)

    def backlog(self):
        self.active = sum(self.a)
        last = max((i for i in range(self.n) if self.a[i]), default=None)
        self.pending = int(last is not None and self.later(last, self.b) is None)

    def response(self):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            if self.later(i, self.b) is None:
                self.bad.append(i)
    response_any = response

    def standing(self, start, end):
        """How long the clock stood between two times."""
        stood, since = 0, None
        for i in range(self.n):
            if self.step(i, "hold") and since is None:
                since = self.t[i]
            elif self.step(i, "resume") and since is not None:
                stood += max(0, min(self.t[i], end) - max(since, start))
                since = None
        return stood if since is None else stood + max(0, end - max(since, start))

    def response_within(self):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            begin = time_in(self.field(i, self.rule["from"])) if "from" in self.rule else None
            due = due_of(self.rule, begin[0] if begin else self.t[i])
            b = self.later(i, self.b)
            for k in range(i + 1, self.n if b is None else b):
                to = time_in(self.field(k, self.rule["to_field"])) if self.step(k, "extend_by") else None
                if to and due >= self.t[k]:
                    due = max(due, to[0])
            end = self.as_of if b is None else self.t[b]
            if end - self.standing(self.t[i], end) > due:
                self.bad.append(i)
            elif b is None:
                self.pending += 1
    response_any_within = response_within

    def alternate_response(self):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            a, b = self.later(i, self.a), self.later(i, self.b)
            if b is None or (a is not None and a < b):
                self.bad.append(i)

    def chain_response(self):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            if self.later(i, self.b) != i + 1:
                self.bad.append(i)

    def responded_existence(self):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            if not any(self.b[k] and self.key[k] == self.key[i] for k in range(self.n)):
                self.bad.append(i)

    def precedence(self):
        for i in (i for i in range(self.n) if self.b[i]):
            self.active += 1
            if self.earlier(i, self.a) is None:
                self.bad.append(i)
    precedence_any = precedence

    def alternate_precedence(self):
        for i in (i for i in range(self.n) if self.b[i]):
            self.active += 1
            a, b = self.earlier(i, self.a), self.earlier(i, self.b)
            if a is None or (b is not None and a < b):
                self.bad.append(i)

    def chain_precedence(self):
        for i in (i for i in range(self.n) if self.b[i]):
            self.active += 1
            if i == 0 or self.earlier(i, self.a) != i - 1:
                self.bad.append(i)

    def not_succession(self):
        self.active = sum(self.a)
        self.bad = [i for i in range(self.n) if self.b[i] and self.earlier(i, self.a) is not None]

    def not_chain_succession(self):
        self.active = sum(self.a)
        self.bad = [i for i in range(1, self.n) if self.b[i] and self.earlier(i, self.a) == i - 1]

    def not_coexistence(self):
        self.active = int(any(self.a) or any(self.b))
        for key in dict.fromkeys(self.key):
            mine = [i for i in range(self.n) if self.key[i] == key]
            self.bad += [i for i in mine if any(self.a[k] for k in mine if k <= i) and any(self.b[k] for k in mine if k <= i)][:1]
        self.bad.sort()

    def exclude(self):
        out = False
        for i in range(self.n):
            self.active += self.a[i]
            if self.b[i] and out:
                self.bad.append(i)
            out = self.a[i] or (out and not self.step(i, "include"))

    def max_delay(self):
        for i in (i for i in range(self.n) if self.b[i]):
            a = self.earlier(i, self.a)
            if a is not None:
                self.active += 1
                most = self.rule["template"] == "max_delay"
                due = due_of(self.rule, self.t[a])
                if self.t[i] > due if most else self.t[i] < due:
                    self.bad.append(i)
    min_delay = max_delay

    def case_duration(self):
        self.active = 1
        self.bad = [-1] if any(t > due_of(self.rule, self.t[0]) for t in self.t) else []

    def case_deadline(self):
        values = [next((self.field(i, self.rule[f]) for i in range(self.n) if time_in(self.field(i, self.rule[f]))), None)
                  for f in ("due", "done") if f in self.rule]
        if None in values:
            return
        self.active = 1
        if "done" in self.rule:
            late = compare(values[1], "more", values[0])
        else:
            since = next(i for i in range(self.n) if time_in(self.field(i, self.rule["due"])))
            late = any(self.t[i] > time_in(values[0])[0] for i in range(since, self.n))
        self.bad = [-1] if late else []

    def stall(self):
        for i in (i for i in range(self.n) if self.events[i]["step"] != ENDS):
            self.active += 1
            due = due_of(self.rule, self.t[i])
            if (self.t[i + 1] if i + 1 < self.n else self.as_of) > due:
                self.bad.append(i)
            elif i + 1 == self.n:
                self.pending += 1

    def each(self, wrong):
        for i in (i for i in range(self.n) if self.a[i]):
            self.active += 1
            if wrong(i):
                self.bad.append(i)

    def lateness(self):
        self.each(lambda i: False)  # a file knows no blocks: recorded when it happened

    def role(self):
        if "groups" in self.rule:
            self.each(lambda i: not known(self.field(i, "group")) or self.field(i, "group") not in self.rule["groups"])
        else:
            self.each(lambda i: "X" not in self.rule["agencies"])

    def one_value(self, field):
        self.active = int(any(self.a))
        seen = {}
        for i in (i for i in range(self.n) if self.a[i] and known(self.field(i, field))):
            seen.setdefault(self.field(i, field), i)
        self.bad = list(seen.values())[1:2]

    def single_group(self):
        self.one_value("group")

    def binding_of_duty(self):
        self.one_value("resource")

    def four_eyes(self):
        self.active = int(any(self.a) and any(self.b))
        for i in range(self.n):
            who = self.field(i, "resource")
            mine = [k for k in range(i + 1) if self.field(k, "resource") == who]
            if known(who) and (self.a[i] or self.b[i]) and any(self.a[k] for k in mine) and any(self.b[k] for k in mine):
                self.bad = [i]
                return

    def no_after_value(self):
        def before(i):
            return next((self.field(k, "v") for k in range(i - 1, -1, -1) if self.field(k, "v") != ""), None)
        self.each(lambda i: before(i) in self.rule["values"])

    def data(self):
        self.each(lambda i: not holds(self.rule["require"], self.events[i]))

    def correlate(self):
        latest = {}
        for i in range(self.n):
            new = {s: self.field(i, self.rule["compare"][s]) for s, on in (("a", self.a), ("b", self.b)) if on[i]}
            new = {s: v for s, v in new.items() if known(v)}
            latest.update(new)
            if new and len(latest) == 2:
                self.active += 1
                if not compare(latest["a"], self.rule["compare"]["test"], latest["b"]):
                    self.bad.append(i)

    def clash(self):
        latest = {}
        for i in range(self.n):
            if self.step(i, "reset"):
                latest = {}
            time = time_in(self.field(i, self.rule["field"]))
            if self.a[i] and time and not time[1]:
                self.active += 1
                half = (local(time[0]).date(), local(time[0]).hour >= 12)
                if any(step != self.events[i]["step"] and other == half for step, other in latest.items()):
                    self.bad.append(i)
                latest[self.events[i]["step"]] = half

    def milestone(self):
        """The rule it looks at is a response from `hold` to A."""
        waiting = False
        for i in range(self.n):
            if self.b[i]:
                self.active += 1
                if waiting:
                    self.bad.append(i)
            waiting = (waiting and not self.a[i]) or self.events[i]["step"] == HOLD
