"""Describes the differences of two recordings in words."""

import array
import ast
import hashlib
import json

GONE = "not asked for, since an earlier answer differs"
SHOWN = 5  # differences of one answer that are printed


def numbers(data):
    """Type, shape and numbers of an .npy file, or None."""
    if data[:6] != b"\x93NUMPY":
        return None
    length = int.from_bytes(data[8:10], "little")
    head = ast.literal_eval(data[10:10 + length].decode("latin1"))
    code = {"<f8": "d", "<f4": "f", "<i4": "i", "<i8": "q", "|u1": "B"}.get(head["descr"])
    return (head["descr"], head["shape"], array.array(code, data[10 + length:])) if code else None


def binaries(before, after):
    if before == after:
        return
    old, new = numbers(before), numbers(after)
    if old and new and old[:2] == new[:2]:
        pairs = [(one, two) for one, two in zip(old[2], new[2]) if one != two]
        largest = max((abs(one - two) for one, two in pairs), default=0)
        yield "", f"{old[0]} {old[1]}", f"{len(pairs)} of {len(old[2])} numbers differ, by {largest:g} at most"
    else:
        def words(data, array):
            return f"{len(data)} bytes, {array[0]} {array[1]}" if array else f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}"
        yield "", words(before, old), words(after, new)


def values(before, after, pointer=""):
    """Pointer, before and after of what differs between two JSON values. Order of members counts: bytes are compared."""
    if type(before) is not type(after) or not isinstance(before, (dict, list)):
        if before != after or type(before) is not type(after):
            yield pointer, short(before), short(after)
    elif isinstance(before, dict):
        for name in before:
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                yield place, short(before[name]), "(absent)"
            else:
                yield from values(before[name], after[name], place)
        for name in after:
            if name not in before:
                yield f"{pointer}/{name}", "(absent)", short(after[name])
        if set(before) == set(after) and list(before) != list(after):
            yield pointer, f"members in the order {', '.join(before)}", f"{', '.join(after)}"
    else:
        for place, (one, two) in enumerate(zip(before, after)):
            yield from values(one, two, f"{pointer}/{place}")
        if len(before) != len(after):
            yield pointer, f"{len(before)} elements", f"{len(after)} elements"


def short(value):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "…"


def parsed(text):
    # Numbers stay as they are written: 1.0 and 1 are different bytes.
    return json.loads(text, parse_float=lambda number: Number(number), parse_int=lambda number: Number(number))


class Number(str):
    """A number as it is written."""


def texts(before, after):
    if before == after:
        return
    try:
        found = list(values(parsed(before), parsed(after)))
    except ValueError:
        found = [(f"line {place + 1}", short(one), short(two))
                 for place, (one, two) in enumerate(zip(before.splitlines() + [""] * 9999, after.splitlines() + [""] * 9999))
                 if one != two]
    if found:
        yield from found
        return
    place = next((place for place, (one, two) in enumerate(zip(before, after)) if one != two), min(len(before), len(after)))
    yield f"byte {place}", short(before[max(0, place - 40):place + 80]), short(after[max(0, place - 40):place + 80])


def entries(before, after):
    """Pointer, before and after of what differs between two answers to the same request."""
    if before["status"] != after["status"]:
        yield "status", str(before["status"]), str(after["status"])
    for name in sorted(set(before["fields"]) | set(after["fields"])):
        one, two = before["fields"].get(name, "(absent)"), after["fields"].get(name, "(absent)")
        # A body of another length has another tag: the body tells.
        if one != two and name not in ("content-length", "etag"):
            yield f"header {name}", one, two
    if "text" in before and "text" in after:
        yield from texts(before["text"], after["text"])
    elif "bytes" in before and "bytes" in after:
        yield from binaries(before["bytes"], after["bytes"])
    else:
        yield "body", "text" if "text" in before else "bytes", "text" if "text" in after else "bytes"


def recordings(before, after):
    """Name of the request, pointer, before and after of every difference."""
    for name, entry in before.entries.items():
        other = after.entries.get(name)
        if other is None:
            yield name, GONE, "answered", GONE
            continue
        found = list(entries(entry, other))
        if not found and entry["fields"] != other["fields"]:
            found = [(f"header {field}", entry["fields"].get(field, "(absent)"), other["fields"].get(field, "(absent)"))
                     for field in ("content-length", "etag") if entry["fields"].get(field) != other["fields"].get(field)]
        for difference in found:
            yield (name, *difference)
    for name in after.entries:
        if name not in before.entries:
            yield name, GONE, GONE, "answered"
