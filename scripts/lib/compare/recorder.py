"""A server of its own for a binary, and the record of what it answers with everything left out that passes."""

import hashlib
import http.client
import json
import os
import re
import subprocess
import time

# Fixed speed and memory, so that estimates are the same numbers on every machine.
FLAGS = ["--compute-rate", "10", "--compute-threads", "2", "--job-memory-limit", "4GiB", "--workers", "1", "--log-level",
         "warning",
         "--save-interval", "0.2"]

# Texts that are not compared: a pattern, the text that replaces it, and the reason.
PASSING = [
    (r'("(?:created|started|finished)_at":)"[^"]*"', r'\1"TIME"', "when something happened"),
    (r'"progress":\{(?!"fraction":1\.0,"phase":"done")(?:[^{}]|\{[^{}]*\})*\}', '"progress":"PROGRESS"',
     "how far a job came that did not succeed"),
    (r'"seconds":\{[^{}]*\}', '"seconds":"TIME"', "how long phases took, and which were long enough to be told of"),
    (r'"seconds":[0-9.eE+-]+(?![0-9.eE+-]|,"result_bytes")', '"seconds":"TIME"', "how long a run of a grid took"),
    (r'"eta":(?!null)[0-9.eE+-]+', '"eta":"TIME"', "when a job may end"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "0000-00-00T00:00:00.000Z", "times in tables"),
    (r'("(?:name":"influenced|title":"influenced)","version":)"[^"]*"', r'\1"VERSION"', "the version"),
]
# The same in the tables for people. If a column of seconds moves the others, only two spaces are kept between columns.
PASSING_LINES = [
    (r"(?m)^( *)seconds\n(?:\1 +.*\n)+", r"\1seconds TIME\n", "how long phases took"),
    (r"(?m)^( *seconds) .*$", r"\1 TIME", "how long a run took"),
    (r"(?m)^( *eta) .*$", r"\1 TIME", "when a job may end"),
    (r"(?m)^(version) .*$", r"\1 VERSION", "the version"),
    (r"(?<=  )\d{1,2} % +(?=0000-)", "PROGRESS  ", "how far a job came that did not succeed"),
]
# Of the header fields Date passes. Length and tag are left out where the body has something that passes.
PASSING_FIELDS = {"date"}
FIELDS_OF_PASSING_BODIES = {"content-length", "etag"}

# Of larger bodies only the digest is kept.
MOST_BYTES = 4 << 20
# Twenty characters with a letter among them; digits behind a decimal point are none.
IDENTIFIER = re.compile(r"(?<![0-9a-z.])(?=[0-9]*[a-z])0[0-9][0-9a-hjkmnp-tv-z]{18}(?![0-9a-z])")


class Trouble(Exception):
    """A sentence for the user: the comparison cannot go on."""


class Answer:
    """Status, header fields and body of an answer, as they came."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """A binary that serves a database on a free port."""

    def __init__(self, program, database, data=None, flags=()):
        self.program, self.database, self.data, self.flags = program, database, data, list(flags)
        self.process, self.port = None, None

    def start(self):
        words = self.database + ".out"
        command = [self.program, "serve", "--host", "127.0.0.1", "--port", "0", "--database", self.database, *FLAGS, *self.flags]
        if self.data:
            command += ["--data-directory", self.data]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INFLUENCED_")}
        with open(words, "wb") as file, open(self.database + ".log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=log, env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(words) as file:
                found = re.search(r"http://127\.0\.0\.1:(\d+)", file.read())
            if found:
                self.port = int(found[1])
                return self
            time.sleep(0.01)
        raise Trouble(f"{self.program} did not start: see {self.database}.log")

    def ask(self, method, path, body=None, fields=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=330)
        fields = dict(fields or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        elif body is not None:
            fields.setdefault("Content-Type", "application/octet-stream")
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise Trouble(f"no answer of {self.program} to {method} {path}: {error or type(error).__name__}") from None
        finally:
            connection.close()

    def ended(self, job):
        """The answer that tells of the end of a job, which no job of the lists puts off for long."""
        deadline = time.monotonic() + 240
        while True:
            if time.monotonic() > deadline:
                raise Trouble(f"{self.program}: the job {job} has not ended within 240 s")
            answer = self.ask("GET", f"/v1/jobs/{job}?wait=20")
            if answer.status != 200 or answer.json["state"] not in ("queued", "running"):
                return answer

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f"{self.program} did not end within 20 s of SIGTERM") from None


class Names:
    """Stand-ins for ids, so that an id in a sentence compares too: each is called by the request that it was first seen in, and
    by its place there. So an answer that is gone does not rename what follows."""

    def __init__(self):
        self.known = {}
        self.counts = {}

    def replace(self, text, place):
        return IDENTIFIER.sub(lambda found: self.known.get(found[0]) or self.add(found[0], place), text)

    def add(self, identifier, place):
        place = re.sub(r'["\\]', "'", place)
        self.counts[place] = self.counts.get(place, 0) + 1
        self.known[identifier] = f"<{place}>" if self.counts[place] == 1 else f"<{place} {self.counts[place]}>"
        return self.known[identifier]


class Recording:
    """Name, and what was answered, of every request in order. Bodies that are no text are kept as they are."""

    def __init__(self):
        self.names = Names()
        self.entries = {}

    def add(self, name, answer, request=""):
        if name in self.entries:
            raise Trouble(f"two requests of the list are named \"{name}\"")
        fields = {key.lower(): value for key, value in answer.fields}
        kind = fields.get("content-type", "")
        entry = {"request": self.names.replace(request, name), "status": answer.status}
        if "json" in kind or "text" in kind or not answer.body:
            text = answer.body.decode(errors="backslashreplace")
            body = without_passing(text, "text/plain" in kind)
            if body != text or request.startswith("HEAD "):
                fields = {key: value for key, value in fields.items() if key not in FIELDS_OF_PASSING_BODIES}
            if "event-stream" in kind:
                # The number of progress events depends on the clock.
                body = "".join(part + "\n\n" for part in body.split("\n\n") if "event: state" in part)
                body = re.sub(r"(?m)^id: .*\n", "", body)
            entry["text"] = self.names.replace(body, name)
        elif len(answer.body) > MOST_BYTES:
            entry["text"] = f"{len(answer.body)} bytes, sha256 {hashlib.sha256(answer.body).hexdigest()}"
        else:
            entry["bytes"] = answer.body
        entry["fields"] = {key: self.names.replace(value, name) for key, value in fields.items() if key not in PASSING_FIELDS}
        self.entries[name] = entry
        return answer


def without_passing(text, is_table=False):
    for pattern, instead, _ in PASSING + (PASSING_LINES if is_table else []):
        text = re.sub(pattern, instead, text)
    return without_seconds(text) if is_table else text


def without_seconds(text):
    """A table without what stands in its columns of seconds."""
    lines, column = [], None
    for line in text.split("\n"):
        cells = re.split(r" {2,}", line.strip())
        titles = [cell.lower() for cell in cells]
        if "seconds" in titles and len(cells) > 2:
            column = titles.index("seconds")
        elif column is not None and len(cells) <= 2:
            column = None
        elif column is not None and len(cells) > column:
            cells[column] = "TIME"
        lines.append(line if column is None else "  ".join(cells))
    return "\n".join(lines)
