"""The command prints tables for people, or JSON."""

from __future__ import annotations

import json
from typing import Any

from ..connection import plain


class WrongUse(Exception):
    """Arguments that have no meaning. The exit code is 2."""


class Output:
    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def show(self, text: str, data: Any) -> None:
        """Prints a text, or in its place some data as JSON."""
        print(json.dumps(data, default=plain, ensure_ascii=False) if self.as_json else text)


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def value_of(text: str) -> Any:
    """The value of an option `NAME=VALUE`: JSON where it is JSON, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def options_of(pairs: list[str]) -> dict[str, Any]:
    """Options that are given as `NAME=VALUE`."""
    options = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise WrongUse(f"--set needs NAME=VALUE, not {pair!r}")
        options[name.replace("-", "_")] = value_of(text)
    return options
