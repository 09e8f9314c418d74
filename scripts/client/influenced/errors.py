"""The errors of this package. Each says what was wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class InfluencedError(Exception):
    """Any error of this package."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request: the place in its JSON (RFC 6901), and what is wrong there."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer} {self.detail}" if self.pointer else self.detail


class ServiceError(InfluencedError):
    """The service refused a request.

    - `status`: the status of the answer.
    - `detail`: the sentence of the answer.
    - `faults`: every fault of the request's body.
    """

    def __init__(self, request: str, status: int, detail: str, faults: Sequence[Fault] = ()) -> None:
        self.request = request
        self.status = status
        self.detail = detail
        self.faults = list(faults)
        lines = [f"{detail} ({request}: {status})", *(f"  {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class Unreachable(InfluencedError):
    """No answer came from the service."""


class MissingPackage(InfluencedError, ImportError):
    """A call needs a package that is not installed."""


class DataError(InfluencedError, ValueError):
    """Data that cannot be sent as they are. The message says how to change them."""


class ModelError(InfluencedError, ValueError):
    """A module that cannot be brought to the service, or weights that do not fit a module."""


class JobError(InfluencedError):
    """A job that failed or was cancelled. `reason` and `advice` are those of the service."""

    def __init__(self, job: str, state: str, reason: str = "", message: str = "", advice: str = "") -> None:
        self.job = job
        self.state = state
        self.reason = reason
        self.advice = advice
        text = f"the job {job} was cancelled" if state == "cancelled" else f"the job {job} failed: {message}"
        super().__init__(f"{text}\n  {advice}" if advice else text)
