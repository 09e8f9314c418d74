"""Sends the request corpus of llhttp to a running server: conformance.py URL FOLDER [--all] [WORD…]. See scripts/conformance."""

import pathlib
import re
import socket
import sys
import urllib.parse

TABLE = pathlib.Path(__file__).with_name("conformance.tsv")

# Stops of llhttp that its embedder asked for or that mean "the rest is not HTTP": not faults.
PAUSES = {21, 22, 23}

# Sent behind a case: answered only if the server ends the case's last message where llhttp does.
SENTINEL = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Expected:
    """The messages of a case by llhttp's log."""

    def __init__(self, log):
        self.heads = []  # of each complete head: whether the connection is kept
        self.begins = []  # where each message begins
        self.versions = []  # of each message; None where it has none
        self.hosts = []  # whether each message has Host
        self.complete = 0
        self.fault = None
        self.pauses = False
        for line in log.splitlines():
            place = re.match(r"off=(\d+) (.*)", line)
            if not place:
                continue
            offset, event = int(place[1]), place[2]
            if event == "message begin":
                self.begins.append(offset)
                self.versions.append(None)
                self.hosts.append(False)
            elif found := re.search(r'span\[version\]="(.*)"', event):
                self.versions[-1] = found[1]
            elif re.search(r'span\[header_field\]="host"', event, re.IGNORECASE):
                self.hosts[-1] = True
            elif found := re.match(r"headers complete .*v=(\d)/(\d) flags=(\w+)", event):
                flags = int(found[3], 16)
                newest = (found[1], found[2]) == ("1", "1")
                self.heads.append(not flags & 2 if newest else bool(flags & 1))
            elif event == "message complete":
                self.complete += 1
            elif found := re.match(r"error code=(\d+) reason=\"(.*)\"", event):
                if int(found[1]) in PAUSES:
                    self.pauses = self.pauses or int(found[1]) != 21
                else:
                    self.fault = found[2]

    @property
    def is_whole(self):
        return self.fault is None and not self.pauses and self.complete == len(self.heads) == len(self.begins) > 0

    def __str__(self):
        heads = f"{len(self.heads)} message{'' if len(self.heads) == 1 else 's'}"
        if self.fault:
            return f"refuses after {heads}" if self.heads else "refuses"
        return f"takes {heads}" + ("" if self.is_whole else ", incomplete" if not self.pauses else ", then another protocol")


class Case:
    def __init__(self, name, kind, text, log):
        self.name = name
        self.kind = kind
        self.data = unescape(text)
        self.expected = Expected(log)

    def mended(self):
        """The bytes with what most cases lack or have for no purpose of theirs put right: a Host field for requests of
        HTTP/1.1, no fragment in targets. Also whether a server that refuses such requests gets to see one as it is."""
        data = self.data
        seen = False
        expected = self.expected
        for index in reversed(range(len(expected.begins))):
            start = expected.begins[index]
            found = re.compile(rb"[^\r\n]*(\r?\n|\r)").match(data, start)
            if not found:
                continue
            line, end = found[0], found.end()
            without_fragment = re.sub(rb"#[^ ]* HTTP", rb" HTTP", line)
            faulty = index >= len(expected.heads)
            missing = not expected.hosts[index] and expected.versions[index] in ("1.1", None)
            if faulty and (data[end : end + 1] in (b" ", b"\t") or b"\nhost:" in data[end - 1 :].lower()):
                missing = False
            if expected.versions[index] is None and not faulty:
                missing = False  # HTTP/0.9
            field = b"Host: a\r\n" if missing else b""
            if not faulty and (missing or without_fragment != line) and all(expected.heads[:index]):
                seen = True
            data = data[:start] + without_fragment + field + data[end:]
        return data, seen


def unescape(text):
    """The bytes of a case: its newlines are CR LF, unless escaped; escapes as in JavaScript."""
    text = text.removesuffix("\n")
    text = text.replace("\\\n", "").replace("\n", "\r\n")
    for escape, character in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(escape, character)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda found: chr(int(found[1], 8)), text)
    return text.encode()


def read_corpus(folder):
    for file in sorted(pathlib.Path(folder).glob("*.md")):
        title, kind, seen = "", None, {}
        blocks = {}
        block = None
        for line in file.read_text(encoding="utf-8").splitlines():
            if block is not None:
                if line.startswith("```"):
                    blocks[block[0]] = "".join(part + "\n" for part in block[1])
                    block = None
                    if "log" in blocks and "http" in blocks:
                        # A case skipped by llhttp itself says nothing.
                        if kind and '"skip": true' not in kind:
                            seen[title] = seen.get(title, 0) + 1
                            name = f"{file.stem}: {title}" + (f" ({seen[title]})" if seen[title] > 1 else "")
                            type_name = re.search(r'"type"\s*:\s*"([^"]+)"', kind)
                            yield Case(name, type_name[1] if type_name else "request", blocks["http"], blocks["log"])
                        blocks, kind = {}, None
                else:
                    block[1].append(line)
            elif line.startswith("```"):
                block = (line[3:].strip(), [])
            elif line.startswith("#"):
                title = line.lstrip("#").strip()
            elif found := re.search(r"<!--\s*meta=(.*?)-->", line):
                kind = found[1]


class Answers:
    """The answers that came back on a connection."""

    REFUSALS = {400, 408, 413, 414, 417, 431, 501, 505}

    def __init__(self, raw, ended):
        self.ended = ended
        self.statuses = []
        self.refusal = None
        self.detail = ""
        self.sentinel = False
        self.closes = []
        while raw:
            head, separator, rest = raw.partition(b"\r\n\r\n")
            status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
            if not separator or not status:
                raise ValueError(f"no response: {raw[:80]!r}")
            fields = {}
            for line in head.split(b"\r\n")[1:]:
                key, _, value = line.partition(b":")
                fields[key.strip().lower()] = value.strip()
            length = int(fields.get(b"content-length", b"0"))
            if rest.startswith(b"HTTP/1.1 "):
                length = 0  # answers HEAD
            body, raw = rest[:length], rest[length:]
            code = int(status[1])
            if code < 200:
                continue
            closes = fields.get(b"connection", b"").lower() == b"close"
            if code in self.REFUSALS and closes and b'"status"' in body:
                self.refusal = code
                self.detail = (re.search(rb'"detail"\s*:\s*"((?:[^"\\]|\\.)*)"', body) or [b"", b""])[1].decode()
            elif code == 200 and body == b"ok\n" and not raw:
                self.sentinel = True
            else:
                self.statuses.append(code)
                self.closes.append(closes)

    def __str__(self):
        said = [str(code) for code in self.statuses]
        if self.refusal:
            said.append(f"{self.refusal} ({self.detail})")
        if self.sentinel:
            said.append("the request behind it")
        return "answers " + (", ".join(said) or "nothing") + ("" if self.ended else ", stays open")

    def key(self):
        return (self.statuses, self.refusal, self.detail, self.sentinel, self.ended)


def exchange(address, data, ends, single):
    """The answer of a connection to `data`. With `ends` the client says that no more comes."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = b""
        ended = False
        try:
            for piece in ([data[i : i + 1] for i in range(len(data))] if single else [data]):
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has refused and closed; its answer can still be read
        try:
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while True:
                part = connection.recv(65536)
                if not part:
                    ended = True
                    break
                raw += part
        except ConnectionResetError:
            ended = True
        except TimeoutError:
            pass
        except OSError:
            ended = True
        return Answers(raw, ended)


def judge(case, answers):
    """How the answers differ from what llhttp expects, or None."""
    expected = case.expected
    if expected.fault is not None:
        if answers.sentinel or len(answers.statuses) > len(expected.heads):
            return "takes"
        if not answers.ended:
            return "stays open"
        if answers.refusal is None and (not answers.statuses or len(answers.statuses) < len(expected.heads)):
            return "silent"
        return None
    if answers.refusal is not None and not expected.pauses:
        return "refuses"
    if len(answers.statuses) < len(expected.heads):
        return "refuses" if answers.refusal is not None else "fewer"
    if len(answers.statuses) > len(expected.heads):
        return "more"
    if not answers.ended:
        return "stays open"
    if expected.is_whole and expected.heads[-1] != answers.sentinel:
        return "other end"
    return None


def read_table():
    rows = {}
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3:
            sys.exit(f"{TABLE.name}:{number}: a row is case, difference and reason, with tabs between.")
        rows[parts[0]] = (parts[1], parts[2])
    return rows


def main(url, folder, options):
    show_all = "--all" in options
    words = [word for word in options if word != "--all"]
    place = urllib.parse.urlsplit(url)
    address = (place.hostname, place.port or 80)
    table = read_table()
    cases = [case for case in read_corpus(folder) if not words or any(word in case.name for word in words)]
    if not cases:
        print("no case is found", file=sys.stderr)
        return 1
    bad = []
    used = set()
    counts = {"same": 0, "explained": 0, "unmended": 0}
    for case in cases:
        expected = case.expected
        data, seen = case.mended()
        if seen:
            answers = exchange(address, case.data + SENTINEL, True, False)
            counts["unmended"] += 1
            if answers.refusal != 400 or answers.sentinel:
                bad.append((case.name, f"without Host, or with a fragment, the server {answers}"))
        # Behind an incomplete message the client ends its side; behind all others comes another request.
        ends = expected.fault is None and not expected.is_whole
        if not ends:
            data += SENTINEL
        answers = exchange(address, data, ends, False)
        difference = judge(case, answers)
        singly = exchange(address, data, ends, True)
        if singly.key() != answers.key():
            bad.append((case.name, f"byte by byte the server {singly}, at once it {answers}"))
        row = table.get(case.name)
        if row:
            used.add(case.name)
        if difference is None:
            if row:
                bad.append((case.name, f"the table says '{row[0]}', but the server does as llhttp: {answers}"))
            else:
                counts["same"] += 1
                if show_all:
                    print(f"  {case.name}\n      llhttp {expected}; the server {answers}")
        elif row and row[0] == difference:
            counts["explained"] += 1
            print(f"  {case.name}\n      llhttp {expected}; the server {answers}\n      {row[1]}")
        else:
            said = f"the table says '{row[0]}', but " if row else ""
            lenient = "" if case.kind == "request" else f" ({case.kind})"
            bad.append((case.name, f"{said}'{difference}': llhttp{lenient} {expected}; the server {answers}"))
    if not words:
        for name in table.keys() - used:
            bad.append((name, "in the table, but not in the corpus"))
    print(
        f"{len(cases)} cases: {counts['same']} as llhttp, {counts['explained']} differ as the table explains, "
        f"{len(bad)} faults; {counts['unmended']} were also refused without Host, or with a fragment in the target."
    )
    for name, text in bad:
        print(f"  {name}: {text}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
