"""Requests to a running service, for the checks written in Python."""

import io
import json
import os
import sys
import urllib.error
import urllib.request


class Failure(Exception):
    """A sentence for the user."""


class Client:
    def __init__(self, url):
        self.url = url
        self.token = os.environ.get("INFLUENCED_TOKEN")

    def call(self, method, path, body=None, kind="application/json", fields=None):
        """The bytes of an answer. `fields` are further fields of the request's head."""
        headers = {"Content-Type": kind} if body is not None else {}
        headers.update(fields or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            # Not by a proxy: a server of this kind is near.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=330) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise Failure(f"{method} {path} was answered with {error.code}: {text}") from None
        except OSError as error:
            raise Failure(f"no answer to {method} {path}: {error}") from None

    def json(self, method, path, body=None):
        raw = self.call(method, path, None if body is None else json.dumps(body).encode())
        return json.loads(raw) if raw else None

    def array(self, path):
        import numpy  # Not every check has arrays, nor needs numpy.

        return numpy.load(io.BytesIO(self.call("GET", path)))

    def put_array(self, path, array):
        import numpy

        buffer = io.BytesIO()
        numpy.save(buffer, numpy.ascontiguousarray(array))
        self.call("PUT", path, buffer.getvalue(), kind="application/octet-stream")

    def put_file(self, path, name):
        """Uploads a file without reading it into memory; the answer."""
        with open(name, "rb") as file:
            size = {"Content-Length": str(os.fstat(file.fileno()).st_size)}
            return json.loads(self.call("PUT", path, file, "application/octet-stream", size))

    def finish(self, job):
        """Waits for a job; its result."""
        while job["state"] not in ("succeeded", "failed", "cancelled"):
            job = self.json("GET", f"/v1/jobs/{job['id']}?wait=60")
        if job["state"] != "succeeded":
            raise Failure(f"the job {job['kind']} {job['state']}: {json.dumps(job['error'])}")
        return job


def run_checks(url, names, cases, title, check):
    """Runs `check(client, name, case, made)` for every case named, or all: the exit code of a program that does this.

    `made` holds paths of the service. They are deleted after the check.
    """
    names = names or list(cases)
    unknown = [name for name in names if name not in cases]
    if unknown:
        print(f"unknown case {unknown[0]}: {', '.join(cases)}", file=sys.stderr)
        return 2
    client = Client(url)
    print(title)
    bad = []
    for name in names:
        made = []
        try:
            if not check(client, name, cases[name], made):
                bad.append(name)
        except Exception as error:  # A case that breaks must not hide the others.
            print(f"  {name}: {type(error).__name__}: {error}", file=sys.stderr)
            bad.append(name)
        finally:
            for path in reversed(made):
                try:
                    client.call("DELETE", path)
                except Failure as failure:
                    print(f"  left behind: {failure}", file=sys.stderr)
    print("All are equal." if not bad else f"{len(names) - len(bad)} of {len(names)} are equal. Not: {', '.join(bad)}.")
    return 1 if bad else 0
