"""The line that shows how far a job is."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

BAR = 24


def seconds_text(seconds: float) -> str:
    """A time as people read it: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def in_notebook() -> bool:
    """Whether the program runs in a notebook, which shows standard error but is no terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


class ProgressLine:
    """One line on standard error that is written again and again. Nothing is written where nobody watches."""

    def __init__(self, title: str, stream: TextIO | None = None, shown: bool | None = None) -> None:
        self.title = title
        self.stream = stream or sys.stderr
        self.shown = (self.stream.isatty() or in_notebook()) if shown is None else shown
        self.width = 0
        self.begin = time.monotonic()

    def update(self, fraction: float, words: str, eta: float | None = None) -> None:
        full = int(fraction * BAR)
        bar = "█" * full + "·" * (BAR - full)
        left = f", {seconds_text(eta)} left" if eta else ""
        self.write(f"{self.title} {bar} {100 * fraction:3.0f} %  {words}{left}")

    def end(self, words: str) -> None:
        """The last line, which stays."""
        self.write(f"{self.title} {words} after {seconds_text(time.monotonic() - self.begin)}")
        if self.shown:
            self.stream.write("\n")
            self.stream.flush()
        self.width = 0

    def leave(self) -> None:
        """Goes on to the next line."""
        if self.shown and self.width:
            self.stream.write("\n")
            self.stream.flush()
            self.width = 0

    def write(self, text: str) -> None:
        if not self.shown:
            return
        text = text[: max(20, shutil.get_terminal_size().columns - 1)]
        self.stream.write("\r" + text.ljust(self.width))
        self.stream.flush()
        self.width = len(text)
