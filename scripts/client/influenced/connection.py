"""Requests over connections that are kept open."""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import re
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy

from .errors import Fault, ServiceError, Unreachable

# A body is bytes, or the number of bytes and a function that gives them in pieces. The function runs again for a retry.
Body = bytes | tuple[int, Callable[[], Iterable[Any]]]

# Statuses that pass by themselves.
PASSING = {429, 503}


def plain(value: Any) -> Any:
    """Numbers and arrays of NumPy, and tensors, as JSON has them. `json` cannot write these by itself."""
    if isinstance(value, numpy.generic):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset, range)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


class Connection:
    """A service at an address.

    Each thread has a socket of its own. A request that was answered with 429 or 503 is sent again after the time that
    the answer names. A request that lost its connection is sent again where that changes nothing twice.
    """

    def __init__(self, url: str, token: str | None, timeout: float, retries: int) -> None:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the address {url!r} must be like http://127.0.0.1:8080")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.parts = parts
        self.token = token
        self.timeout = timeout
        self.retries = retries
        self.local = threading.local()
        # Whether the service has ever answered.
        self.met = False

    # Requests

    def json(self, method: str, path: str, body: Any = None, *, timeout: float | None = None) -> Any:
        """The JSON of an answer; None if it has no body."""
        data = None if body is None else json.dumps(body, default=plain, allow_nan=False).encode()
        raw = self.raw(method, path, data, timeout=timeout)
        return json.loads(raw) if raw else None

    def page(self, path: str) -> tuple[list[dict[str, Any]], str | None]:
        """The entries of a page of a list, and the path of the next page."""
        answer = self.open("GET", path)
        link = answer.headers.get("Link", "")
        entries = json.loads(answer.read())["items"]
        following = re.search(r'<([^>]*)>;\s*rel="?next', link)
        return entries, following[1] if following else None

    def text(self, path: str) -> str:
        """An answer as a table for people."""
        return self.raw("GET", path, headers={"Accept": "text/plain"}).decode()

    def raw(
        self, method: str, path: str, body: Body | None = None, kind: str = "application/json",
        headers: Mapping[str, str] | None = None, timeout: float | None = None,
    ) -> bytes:  # fmt: skip
        """The bytes of an answer."""
        answer = self.open(method, path, body, kind, headers, timeout)
        try:
            return answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.drop()
            raise Unreachable(f"the answer to {method} {path} broke off: {error}") from error

    def array(self, path: str) -> numpy.ndarray[Any, Any]:
        """An .npy file of the service. It is read into the array itself, without a second copy."""
        answer = self.open("GET", path)
        try:
            version = numpy.lib.format.read_magic(answer)
            read = (
                numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read(answer)
            array = numpy.empty(shape, dtype, order="F" if fortran else "C")
            view = array.reshape(-1, order="A").view(numpy.uint8).data if array.nbytes else memoryview(b"")
            filled = 0
            while filled < len(view):
                count = answer.readinto(view[filled:])
                if not count:
                    raise http.client.IncompleteRead(b"", len(view) - filled)
                filled += count
            answer.read()
            return array
        except (OSError, http.client.HTTPException) as error:
            self.drop()
            raise Unreachable(f"the answer to GET {path} broke off: {error}") from error

    def put(self, path: str, size: int, pieces: Callable[[], Iterable[Any]]) -> Any:
        """Uploads a file piece by piece; the JSON of the answer."""
        raw = self.raw("PUT", path, (size, pieces), "application/octet-stream")
        return json.loads(raw) if raw else None

    def open(
        self, method: str, path: str, body: Body | None = None, kind: str = "application/json",
        headers: Mapping[str, str] | None = None, timeout: float | None = None,
    ) -> http.client.HTTPResponse:  # fmt: skip
        """An answer of success, whose body must be read to its end."""
        fields = {"Accept": "application/json, */*;q=0.5", "User-Agent": "influenced-python"}
        if self.token:
            fields["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            fields["Content-Type"] = kind
            fields["Content-Length"] = str(len(body) if isinstance(body, bytes) else body[0])
        elif method in ("POST", "PUT"):
            fields["Content-Length"] = "0"
        if method == "POST":
            # Sent twice, the same key makes the same thing once.
            fields["Idempotency-Key"] = str(uuid.uuid4())
        fields.update(headers or {})
        attempt = 0
        while True:
            try:
                answer = self.send(method, path, body, fields, timeout)
            except (OSError, http.client.HTTPException) as error:
                self.drop()
                # A service that has answered before may be starting again.
                hopeless = isinstance(error, TimeoutError) or isinstance(error, ConnectionRefusedError) and not self.met
                if attempt >= self.retries or hopeless:
                    raise Unreachable(self.unreachable(error)) from error
                # A connection that was kept open may have been closed by the service meanwhile.
                time.sleep(0 if attempt == 0 else self.pause(attempt))
                attempt += 1
                continue
            self.met = True
            if answer.status < 400:
                return answer
            if answer.status in PASSING and attempt < self.retries:
                after = answer.headers.get("Retry-After")
                answer.read()
                time.sleep(self.pause(attempt) if after is None else seconds_of(after))
                attempt += 1
                continue
            raise self.refusal(f"{method} {path}", answer)

    def send(
        self, method: str, path: str, body: Body | None, fields: Mapping[str, str], timeout: float | None
    ) -> http.client.HTTPResponse:
        socket = self.socket(timeout or self.timeout)
        socket.putrequest(method, self.parts.path.rstrip("/") + path)
        for name, value in fields.items():
            socket.putheader(name, value)
        socket.endheaders()
        try:
            if isinstance(body, bytes):
                socket.send(body)
            elif body is not None:
                for piece in body[1]():
                    socket.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            # The service may have answered before the end of the body: the answer says why.
            try:
                return socket.getresponse()
            except http.client.HTTPException as error:
                raise ConnectionResetError(f"the service closed the connection ({error})") from error
        except BaseException:
            self.drop()
            raise
        return socket.getresponse()

    # Connections

    def socket(self, timeout: float) -> http.client.HTTPConnection:
        socket: http.client.HTTPConnection | None = getattr(self.local, "socket", None)
        if socket is None:
            make = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
            # Not by a proxy: a service of this kind is near.
            socket = make(str(self.parts.hostname), self.parts.port, timeout=timeout)
            self.local.socket = socket
        socket.timeout = timeout
        if socket.sock is not None:
            socket.sock.settimeout(timeout)
        return socket

    def drop(self) -> None:
        """Closes this thread's connection. The next request opens another."""
        socket: http.client.HTTPConnection | None = getattr(self.local, "socket", None)
        if socket is not None:
            socket.close()
        self.local.socket = None

    # Errors

    def pause(self, attempt: int) -> float:
        return float(min(8.0, 0.25 * 2**attempt) * (0.5 + random.random() / 2))

    def unreachable(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self.url} did not answer within {self.timeout:g} seconds: give Service a longer timeout"
        return f"no service answers at {self.url} ({error}); `influence up` starts one, INFLUENCED_URL names another"

    def refusal(self, request: str, answer: http.client.HTTPResponse) -> ServiceError:
        raw = answer.read()
        try:
            problem = json.loads(raw)
            faults = [Fault(fault["pointer"], fault["detail"]) for fault in problem.get("errors", [])]
            detail = str(problem.get("detail") or problem.get("title") or answer.reason)
        except (ValueError, KeyError, TypeError, AttributeError):
            detail, faults = raw.decode(errors="replace").strip() or answer.reason, []
        if answer.status == 401:
            detail += "; set INFLUENCED_TOKEN, or give Service a token"
        return ServiceError(request, answer.status, detail, faults)


def seconds_of(value: str) -> float:
    """The seconds that a field Retry-After names, at most a minute."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            seconds = 1.0
    return min(max(seconds, 0.0), 60.0)
