#!/usr/bin/env python3
"""Read a trace of a node's system calls (see barrier.sh) and check that no own vote left before the fdatasync of the
journal that holds it.

usage: barrier_check.py TRACE SIGNER [--early | --failed]
  SIGNER   the node's place in the set of authorities, from 0
  --early  a control: take every frame as sent when the journal was last written; must find votes that left too early
  --failed one fdatasync of the journal was made to fail: the votes it was for must never leave, nothing may follow it
Prints one line of counts; exit 1 and sentences on stderr when something is wrong or nothing was seen.

A vote is 123 bytes, on the wire and in the journal: kind u8, signer u16, epoch u64, view u64, parent view u64, hash 32,
signature 64. A journal record: magic u32, type u8 (1: own vote), 3 zeros, length u32, ... (32 bytes), payload padded to
16, checksum 16. A frame on its way out shows as a write to descriptor -1."""
import bisect
import re
import struct
import sys

VOTE = 123
KINDS = {1: "notarize", 2: "nullify", 3: "finalize"}
CALL = re.compile(r"^(?:(\d+) +)?\d+\.\d+ (?:<\.\.\. )?(\w+)(?:\(| resumed>)")
RESULT = re.compile(r"\) += (-?\d+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def text_of(line):
    found = TEXT.search(line)
    if not found:
        return b""
    if found.group(2):
        sys.exit("the trace has cut bytes: give strace a larger -s")
    return bytes.fromhex(found.group(1).replace("\\x", ""))


def calls(path):
    """(number of the line where it began, of the line where it ended, thread, name, first argument, bytes, result)"""
    open_calls = {}
    with open(path, encoding="ascii", errors="replace") as trace:
        for number, line in enumerate(trace):
            head = CALL.match(line)
            if not head:
                continue
            thread, name = head.groups()  # without strace -f there is one thread, which is not named
            if "<... " in line[: head.end()]:
                began, argument, data = open_calls.pop(thread, (number, "", b""))
                # What a call reads or opens may be told at its end only; none of those matter here.
            else:
                began, argument, data = number, line[head.end():].split(",")[0].split(")")[0].strip(), text_of(line)
            if "<unfinished ...>" in line:
                open_calls[thread] = (began, argument.split(" ")[0], data)
                continue
            result = RESULT.search(line)
            yield began, number, thread, name, argument, data, int(result.group(1)) if result else None


def records(data):
    at = 0
    while at + 48 <= len(data):
        kind, length = data[at + 4], struct.unpack_from("<I", data, at + 8)[0]
        if data[at:at + 8] == bytes(8) or kind == 0 or at + 48 + length > len(data):
            return
        yield kind, data[at + 32:at + 32 + length]
        at += 48 + (length + 15) // 16 * 16


def fields(data):
    """The length-delimited fields of a protobuf message: (number, bytes). Others are skipped; ends at what is none."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while at < len(data) and shift < 64:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
        return None

    while at < len(data):
        key = varint()
        if key is None or key & 7 not in (0, 2):
            return
        value = varint()
        if value is None or key & 7 == 0:
            continue
        if at + value > len(data):
            return
        yield key >> 3, data[at:at + value]
        at += value


def votes_in(frame):
    """The votes that a message to peers carries by itself, or as a proposal's."""
    for number, body in fields(frame):
        if number == 11 and len(body) == VOTE:
            yield body
        if number == 10:
            yield from (v for n, v in fields(body) if n == 1 and len(v) == VOTE)


def main():
    path, me = sys.argv[1], int(sys.argv[2])
    early, failed = "--early" in sys.argv, "--failed" in sys.argv
    wrong, about_votes = [], []
    journal = {}  # descriptor: own votes written and not synced
    written, durable = {}, {}  # vote: line
    sends = []  # (line, bytes)
    steps = 0
    fatal = None  # line of the failed fdatasync
    lost = []
    busy = {}  # thread: descriptor of the journal it has written and not synced
    last_write = 0
    for began, ended, thread, name, argument, data, result in calls(path):
        if name == "openat":
            if re.search(rb"/journal/journal\.[ab]$", data) and result is not None and result >= 0:
                journal[str(result)] = []
            continue
        ours = argument in journal
        if thread in busy and not (ours and name in ("pwrite64", "fdatasync")) and name != "close":
            wrong.append(f"line {ended + 1}: {name}({argument}) between a write of the journal and its fdatasync")
        if name == "close" and ours:
            del journal[argument]
        elif name == "write" and argument == "-1":
            sends.append((last_write if early else began, data))
        elif name.startswith("pwrite") and ours:
            if fatal is not None:
                wrong.append(f"line {began + 1}: the journal is written after its fdatasync failed")
            last_write = began
            for kind, payload in records(data):
                if kind == 1 and len(payload) == VOTE:
                    journal[argument].append(payload)
                    written.setdefault(payload, began)
                    busy[thread] = argument
        elif name in ("fdatasync", "fsync") and ours:
            if fatal is not None:
                wrong.append(f"line {began + 1}: {name} of the journal is tried again")
            busy.pop(thread, None)
            if result == 0:
                steps += 1 if journal[argument] else 0
                for vote in journal[argument]:
                    durable.setdefault(vote, ended)
            else:
                fatal = ended
                lost = [v for v in journal[argument] if v not in durable]
            journal[argument] = []

    blob, starts, lines = b"".join(d for _, d in sends), [], []
    at = 0
    for line, data in sends:
        starts.append(at)
        lines.append(line)
        at += len(data)
    left = {}
    copies = 0
    for vote in written:
        if struct.unpack_from("<H", vote, 1)[0] != me:
            wrong.append(f"line {written[vote] + 1}: the journal holds a vote of another signer as its own")
        at = blob.find(vote[-64:])
        while at >= 0:
            line = lines[bisect.bisect_right(starts, at) - 1]
            copies += 1
            left.setdefault(vote, line)
            if vote not in durable:
                about_votes.append(f"line {line + 1}: a {KINDS.get(vote[0])} vote left that never became durable")
            elif line < durable[vote]:
                about_votes.append(f"line {line + 1}: a {KINDS.get(vote[0])} vote left before line {durable[vote] + 1}")
            at = blob.find(vote[-64:], at + 1)
    for line, data in sends:
        for vote in votes_in(data):
            if struct.unpack_from("<H", vote, 1)[0] == me and vote not in written:
                about_votes.append(f"line {line + 1}: a vote left that is not in the journal")
    kinds = {name: sum(1 for v in left if v[0] == k) for k, name in KINDS.items()}
    print(f"votes {len(left)} (notarize {kinds['notarize']}, nullify {kinds['nullify']}, finalize {kinds['finalize']}), "
          f"copies {copies}, syncs {steps}, frames {len(sends)}"
          + (f", withheld {len(lost)}" if failed else ""))
    if failed:
        if fatal is None:
            wrong.append("no fdatasync of the journal failed")
    elif fatal is not None:
        wrong.append(f"line {fatal + 1}: an fdatasync of the journal failed")
    if not failed and (steps == 0 or not left or not kinds["notarize"] or not kinds["finalize"]):
        wrong.append("no votes were seen: nothing is shown")
    wrong = about_votes[:8] + wrong + about_votes[8:]
    for sentence in wrong[:10]:
        print(sentence, file=sys.stderr)
    if len(wrong) > 10:
        print(f"... and {len(wrong) - 10} more", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
