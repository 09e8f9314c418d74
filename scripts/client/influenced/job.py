"""Jobs: their state, their result, and the arrays they made."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import numpy

from . import plots, safetensors
from ._generated import RESULTS, JobInfo
from .errors import InfluencedError, JobError
from .progress import ProgressLine, seconds_text
from .values import Record, Value, table_of

if TYPE_CHECKING:
    from .service import Service

R = TypeVar("R", bound=Value)

ENDED = ("succeeded", "failed", "cancelled")


class Job(Generic[R]):
    """Work that the service does.

    The job is posted, and the program goes on. `result`, `array`, `plot` and `apply_to` wait for its end.
    """

    def __init__(self, service: Service, info: dict[str, Any]) -> None:
        self.service = service
        self.info: JobInfo = JobInfo.decode(info)

    @property
    def id(self) -> str:
        return self.info.id

    @property
    def kind(self) -> str:
        return self.info.kind

    @property
    def state(self) -> str:
        """The state as last seen: queued, running, succeeded, failed or cancelled. `refresh` asks again."""
        return str(self.info.state)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def refresh(self) -> Job[R]:
        """Asks the service for the job as it is now."""
        if not self.ended:
            self.update(self.service.connection.json("GET", f"/v1/jobs/{self.id}"))
        return self

    def update(self, info: dict[str, Any]) -> None:
        self.info = JobInfo.decode(info)

    # Waiting

    def wait(self, timeout: float | None = None, progress: bool | None = None) -> Job[R]:
        """Waits for the end of the job, and shows how far it is.

        - `timeout`: the most seconds. `TimeoutError` if they do not do.
        - `progress`: whether the line is shown; by default on a terminal and in a notebook.
        - Raises `JobError` if the job fails or is cancelled.
        """
        if not self.ended:
            line = ProgressLine(self.title, shown=progress)
            try:
                self.watch(line, timeout)
            except KeyboardInterrupt:
                line.leave()
                if not self.settled():
                    raise
            if self.ended:
                line.end(self.state)
        if self.state == "cancelled":
            raise JobError(self.id, "cancelled")
        if self.state == "failed":
            error = self.info.error
            words = (error.reason, error.message, error.advice) if error else ("", "no reason is known", "")
            raise JobError(self.id, "failed", *words)
        return self

    def watch(self, line: ProgressLine, timeout: float | None) -> None:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.ended:
            step = 1.0 if line.shown else 60.0
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    line.leave()
                    raise TimeoutError(f"the job {self.id} is {self.state} after {timeout:g} seconds; it goes on")
                step = min(step, left)
            path = f"/v1/jobs/{self.id}?wait={max(1, round(step))}"
            self.update(self.service.connection.json("GET", path, timeout=self.service.connection.timeout + step))
            progress = self.info.progress
            if progress is not None:
                line.update(progress.fraction, progress.phase or self.state, progress.eta)
            elif not self.ended:
                line.update(0, "waits in the queue")

    def settled(self) -> bool:
        """Asks what a ctrl-C means; false if the interrupt goes on. Without a terminal nobody can answer."""
        if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        sys.stderr.write(f"Cancel the job {self.id}? y: cancel it; w: wait on; any other key: leave it running. ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip().lower()
        if answer == "y":
            self.cancel()
            self.watch(ProgressLine(self.title, shown=False), None)
        elif answer == "w":
            self.wait()
        else:
            sys.stderr.write(f'The job goes on. service.job("{self.id}") finds it again.\n')
            return False
        return True

    def cancel(self) -> Job[R]:
        """Ends the job. The service does this within a second."""
        self.update(self.service.connection.json("POST", f"/v1/jobs/{self.id}/cancel"))
        return self

    def delete(self) -> None:
        """Deletes the job with its arrays. It must have ended."""
        self.service.connection.json("DELETE", f"/v1/jobs/{self.id}")

    # Results

    @property
    def result(self) -> R:
        """The answer. Waits for the end of the job."""
        self.wait()
        if "result" not in self.info.json:
            # Lists leave results out.
            self.update(self.service.connection.json("GET", f"/v1/jobs/{self.id}"))
        kind = RESULTS.get(self.kind, Record)
        return cast(R, kind.decode(self.info.json["result"]))

    @property
    def warnings(self) -> list[str]:
        """Sentences that you must know before you rely on the result."""
        return list(self.result.json.get("warnings", []))

    @property
    def arrays(self) -> list[str]:
        """The names of the arrays that the job made."""
        return [entry["name"].removesuffix(".npy") for entry in self.result.json.get("artifacts", [])]

    def array(self, name: str) -> numpy.ndarray[Any, Any]:
        """An array that the job made, such as `scores`."""
        names = self.arrays
        name = name.removesuffix(".npy")
        if name not in names:
            known = ", ".join(names) or "none"
            raise InfluencedError(f"the job {self.kind} has no array {name!r}: it has {known}")
        return self.service.connection.array(f"/v1/jobs/{self.id}/artifacts/{name}.npy")

    @property
    def checkpoint(self) -> str:
        """The weights that the job made or looked at."""
        return str(self.result.json["checkpoint"])

    def state_dict(self) -> safetensors.Arrays:
        """The weights that the job made, by name."""
        return self.service.weights(self.checkpoint)

    def apply_to(self, net: Any) -> Any:
        """Puts the weights that the job made into a module of PyTorch. Returns the module."""
        from .weights import apply

        return apply(self.state_dict(), net)

    @property
    def model(self) -> Any:
        """The model that the job works on."""
        return self.service.model(str(self.info.request.json["model"]))

    def plot(self, **options: Any) -> Any:
        """A picture of the result, as a figure of matplotlib. `influenced.plots` has the options of each kind."""
        return plots.plot(self, **options)

    # For people

    @property
    def title(self) -> str:
        name = self.info.request.json.get("model") or self.info.request.json.get("dataset") or ""
        return f"{self.kind} {name}".strip()

    def table(self) -> str:
        """The job as a table of text, as the service writes it."""
        return self.service.connection.text(f"/v1/jobs/{self.id}")

    def __repr__(self) -> str:
        words = self.state
        progress = self.info.progress
        if self.state == "running" and progress is not None:
            words += f", {100 * progress.fraction:.0f} %" + (
                f", {seconds_text(progress.eta)} left" if progress.eta else "")  # fmt: skip
        return f"<Job {self.id}: {self.title}, {words}>"

    def _repr_html_(self) -> str:
        result = self.info.json.get("result")
        return f"<b>{self.title}</b>: {self.state}" + (table_of(result) if result else "")
