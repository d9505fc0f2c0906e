"""mining_check.py KIND FILE...: what the process mining test looks at.
  make XES CSV        the events of a CSV log as XES, in the way of other programs
  same CSV FILE       the events of CSV or XES file FILE are those of the CSV log, in order
  xes FILE            FILE has the structure of IEEE 1849
  ocel FILE CSV       FILE has the structure of OCEL 2.0 and the events of the CSV log
  watch PROFILE DOC N N alerts over CURVE, each as the AsyncAPI document DOC says"""
import collections
import csv
import datetime
import gzip
import json
import re
import sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

KEYS = {"concept:name": "activity", "time:timestamp": "timestamp", "lifecycle:transition": "lifecycle",
        "org:resource": "resource", "org:group": "group"}
COLUMNS = ("case_id", "activity", "timestamp", "lifecycle", "resource", "group")
NS = "{http://www.xes-standard.org/}"
# What the schema of IEEE 1849-2016 says of values: xs:decimal, xs:Name, xs:NCName, xs:dateTime.
DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
NAME = re.compile(r"[^\W\d][\w.:-]*|:[\w.:-]*")
NCNAME = re.compile(r"[^\W\d][\w.-]*")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def opened(path):
    f = gzip.open if path.endswith(".gz") else open
    return f(path, "rt", encoding="utf-8-sig", newline="")


def instant(text):
    t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return t.astimezone(datetime.timezone.utc).replace(microsecond=t.microsecond // 1000 * 1000)


def rows_csv(path):
    return [tuple(r.get(c) or "" for c in COLUMNS) for r in csv.DictReader(opened(path))]


def rows_xes(path):
    rows = []
    for trace in ET.parse(opened(path)).getroot().iter(NS + "trace"):
        case = next(a.get("value") for a in trace if a.get("key") == "concept:name")
        for event in trace.iter(NS + "event"):
            e = {KEYS.get(a.get("key"), a.get("key")): a.get("value") for a in event}
            rows.append(tuple([case] + [e.get(c, "") for c in COLUMNS[1:]]))
    return rows


def by_case(rows):
    """Rows by case in the order of cases, times as instants."""
    cases = collections.OrderedDict()
    for r in rows:
        cases.setdefault(r[0], []).append(r[:2] + (instant(r[2]),) + r[3:])
    return list(cases.items())


def make(xes, path):
    with open(xes, "w", encoding="utf-8") as out:
        out.write('\ufeff<?xml version="1.0" encoding="UTF-8" ?>\n<log>\n<int key="n" value="1"/>\n')
        for case, rows in by_case(rows_csv(path)):
            out.write(f'<trace><date key="start" value="2011-10-11"/><string key="concept:name" value={quoteattr(case)}/>\n')
            for _, activity, time, lifecycle, resource, group in rows:
                out.write(f'<event><string key="org:group" value={quoteattr(group)}/>'
                          f'<string key="concept:name" value={quoteattr(activity)}/>'
                          f'<string key="lifecycle:transition" value={quoteattr(lifecycle)}/>'
                          f'<string key="org:resource" value={quoteattr(resource)}/>'
                          f'<date key="time:timestamp" value="{time.isoformat()}"/></event>\n')
            out.write("</trace>\n")
        out.write("</log>\n")


def same(path, other):
    a = by_case(rows_csv(path))
    b = by_case((rows_xes if ".xes" in other else rows_csv)(other))
    assert a, "no events"
    assert a == b, next((x, y) for x, y in zip(a, b) if x != y) if len(a) == len(b) else (len(a), len(b))
    print(f"{sum(len(e) for _, e in a)} events equal")


def xes(path):
    root = ET.parse(opened(path)).getroot()
    assert root.tag == NS + "log" and DECIMAL.fullmatch(root.get("xes.version")) and root.get("xes.features") is not None
    order = [c.tag[len(NS):] for c in root]
    ranks = {"extension": 0, "global": 1, "classifier": 2, "trace": 3}
    assert [ranks[t] for t in order] == sorted(ranks[t] for t in order), "order of the log's parts"
    prefixes = {e.get("prefix"): e for e in root.iter(NS + "extension")}
    assert {"concept", "lifecycle", "org", "time"} == set(prefixes)
    assert all(NCNAME.fullmatch(e.get("name")) and NCNAME.fullmatch(e.get("prefix")) and e.get("uri") for e in prefixes.values())
    scopes = {g.get("scope"): {a.get("key") for a in g} for g in root.iter(NS + "global")}
    for c in root.iter(NS + "classifier"):
        assert NCNAME.fullmatch(c.get("name")) and NCNAME.fullmatch(c.get("scope"))
        assert set(c.get("keys").split()) <= scopes["event"], "a classifier over what is not global"
    n = 0
    for trace in root.iter(NS + "trace"):
        keys = [a.get("key") for a in trace if a.tag != NS + "event"]
        assert scopes["trace"] <= set(keys) and [a.tag for a in trace][len(keys):] == [NS + "event"] * (len(trace) - len(keys))
        for event in trace.iter(NS + "event"):
            keys = [a.get("key") for a in event]
            assert scopes["event"] <= set(keys) and len(keys) == len(set(keys))
            for a in event:
                assert a.tag in (NS + "string", NS + "date") and a.get("value") is not None and NAME.fullmatch(a.get("key"))
                assert len(a) == 0 and set(a.keys()) == {"key", "value"}
                assert a.tag == NS + "string" or DATE_TIME.fullmatch(a.get("value"))
            n += 1
    assert n > 0
    print(f"{n} events in {order.count('trace')} traces")


def ocel(path, log):
    o = json.load(opened(path))
    assert set(o) == {"objectTypes", "eventTypes", "objects", "events"}
    assert {t["name"] for t in o["objectTypes"]} == {"case", "agency"}
    types = {t["name"]: {a["name"]: a["type"] for a in t["attributes"]} for t in o["eventTypes"]}
    assert len(types) == len(o["eventTypes"]) and set(sum((list(t.values()) for t in types.values()), [])) <= {"string"}
    objects = {x["id"]: x for x in o["objects"]}
    assert len(objects) == len(o["objects"]) and all(x["type"] in ("case", "agency") for x in o["objects"])
    for x in o["objects"]:
        assert x["attributes"] == [] and all(r["objectId"] in objects and r["qualifier"] for r in x["relationships"])
    assert len({e["id"] for e in o["events"]}) == len(o["events"])
    rows = []
    for e in o["events"]:
        related = {r["qualifier"]: objects[r["objectId"]] for r in e["relationships"]}
        assert related["case"]["type"] == "case" and related["recorded by"]["type"] == "agency"
        assert DATE_TIME.fullmatch(e["time"]) and all(isinstance(a["value"], str) for a in e["attributes"])
        fields = {a["name"]: a["value"] for a in e["attributes"]}
        assert set(fields) <= set(types[e["type"]])
        rows.append((related["case"]["id"][len("case:"):], e["type"], e["time"]) + tuple(fields.get(c, "") for c in COLUMNS[3:]))
    assert by_case(rows) == by_case(rows_csv(log)), "other events than the log's"
    print(f"{len(rows)} events, {len(objects)} objects")


def required(schema, value, where):
    """The parts of JSON Schema that the document uses."""
    kinds = {"object": dict, "string": str, "integer": int}
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), f"{where} is no {schema['type']}"
    assert value in schema.get("enum", [value]), f"{where} is {value!r}"
    for name in schema.get("required", []):
        assert name in value, f"{where} lacks {name}"
    for name, part in schema.get("properties", {}).items():
        if name in value:
            required(part, value[name], f"{where}.{name}")


def watch(profile, doc, count):
    import os
    import zmq
    from zmq.utils import z85
    fields = dict(line.strip().split(": ", 1) for line in open(profile, encoding="utf-8") if ": " in line)
    lines = open(os.path.join(os.path.dirname(profile), fields["key"]), encoding="utf-8").read().split()
    keys = [bytes.fromhex(w) for w in lines if len(w) == 64 and set(w) <= set("0123456789abcdef")]
    socket = zmq.Context().socket(zmq.SUB)
    secret = z85.encode(keys[-1])
    socket.curve_secretkey = secret
    socket.curve_publickey = zmq.curve_public(secret)
    socket.curve_serverkey = z85.encode(bytes.fromhex(fields["server_key"]))
    for topic in (b"alert.warning.", b"alert.critical.", b"heartbeat."):
        socket.setsockopt(zmq.SUBSCRIBE, topic)
    socket.rcvtimeo = 20000
    socket.connect(fields["events"])
    api = json.load(open(doc, encoding="utf-8"))
    alert = api["components"]["schemas"]["alert"]
    heart = api["components"]["schemas"]["heartbeat"]
    seen = []
    last = {}
    while len(seen) < int(count):
        topic, sequence, body = socket.recv_multipart()
        sequence = int.from_bytes(sequence, "big")
        assert topic not in last or sequence == last[topic] + 1, "a frame is missing"
        last[topic] = sequence
        body = json.loads(body)
        if topic == b"heartbeat.":
            required(heart, body, "heartbeat")
            if len(last) == 1:
                print("watching", file=sys.stderr, flush=True)
            continue
        required(alert, body, "alert")
        assert topic.decode() == f"alert.{body['data']['severity']}.{body['data']['process']}."
        seen.append(body["id"])
    for i in seen:
        print(i)


{"make": make, "same": same, "xes": xes, "ocel": ocel, "watch": watch}[sys.argv[1]](*sys.argv[2:])
