"""Answers of the service as objects: members of the JSON are attributes."""

from __future__ import annotations

import dataclasses
import html
import json
import keyword
import types
import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T", bound="Value")

# A table shows this many rows of a list.
ROWS = 20


class Value:
    """A part of an answer.

    `json` is the part as the service sent it. Members that this version of the package does not know are attributes
    too. A member whose name is a reserved word has an underscore behind it: `class_`.
    """

    json: dict[str, Any]

    @classmethod
    def decode(cls: type[T], data: dict[str, Any]) -> T:
        """The value of some JSON."""
        value = cls.__new__(cls)
        members = {"json": data}
        for name, key, hint in members_of(cls):
            members[name] = convert(hint, data.get(key))
        value.__dict__.update(members)
        return value

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            key = key_of(name)
            data = self.__dict__.get("json", {})
            if key in data:
                return convert(Any, data[key])
            known = ", ".join(name_of(key) for key in data)
            raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {known}")

    def __getitem__(self, key: str) -> Any:
        return getattr(self, name_of(key)) if key in self.json else self.json[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.json)

    def __contains__(self, key: object) -> bool:
        return key in self.json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.json == other.json

    def __hash__(self) -> int:
        return hash(json.dumps(self.json, sort_keys=True))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name_of(key) for key in self.json)})

    def __repr__(self) -> str:
        members = ", ".join(f"{name_of(key)}={brief(value)}" for key, value in self.json.items())
        return f"{type(self).__name__}({members})"

    def _repr_html_(self) -> str:
        return table_of(self.json)


class Record(Value):
    """A part of an answer whose members are not declared."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def name_of(key: str) -> str:
    return key + "_" if keyword.iskeyword(key) else key


def key_of(name: str) -> str:
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


# The declared members of each class: attribute, key and type.
MEMBERS: dict[Any, list[tuple[str, str, Any]]] = {}


def members_of(cls: Any) -> list[tuple[str, str, Any]]:
    if cls not in MEMBERS:
        hints = typing.get_type_hints(cls) if dataclasses.is_dataclass(cls) else {}
        hints.pop("json", None)
        MEMBERS[cls] = [(name, key_of(name), hint) for name, hint in hints.items()]
    return MEMBERS[cls]


def convert(hint: Any, data: Any) -> Any:
    """JSON as a value of a type."""
    if data is None:
        return None
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return convert(next(part for part in arguments if part is not type(None)), data)
    if origin is list:
        return [convert(arguments[0], part) for part in data]
    if origin is dict:
        return {key: convert(arguments[1], part) for key, part in data.items()}
    if isinstance(hint, type) and issubclass(hint, Value):
        return hint.decode(data)
    if isinstance(data, dict):
        return Record.decode(data)
    if isinstance(data, list):
        return [convert(Any, part) for part in data]
    return float(data) if hint is float and isinstance(data, int) else data


# Text and tables


def number(value: Any) -> str:
    """A number as people read it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def brief(value: Any) -> str:
    """A value on one line, cut where it is long."""
    if isinstance(value, list):
        if len(value) <= 6 and all(isinstance(part, (int, float, str)) for part in value):
            return "[" + ", ".join(number(part) for part in value) + "]"
        return f"[{len(value)} entries]"
    if isinstance(value, dict):
        return "{" + ", ".join(list(value)[:6]) + (", …}" if len(value) > 6 else "}")
    return number(value)


def table_of(data: Any, depth: int = 0) -> str:
    """JSON as tables of HTML. A list of objects is a table with a row for each."""
    if isinstance(data, dict):
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(key)}</th>"
            f"<td style='text-align:left'>{table_of(value, depth + 1)}</td></tr>" for key, value in data.items()
        )  # fmt: skip
        return f"<table>{rows}</table>"
    if isinstance(data, list) and data and all(isinstance(part, dict) for part in data) and depth < 4:
        keys = list(dict.fromkeys(key for part in data[:ROWS] for key in part))
        head = "".join(f"<th>{html.escape(key)}</th>" for key in keys)
        body = "".join(
            "<tr>" + "".join(f"<td>{table_of(part.get(key), depth + 1)}</td>" for key in keys) + "</tr>"
            for part in data[:ROWS]
        )
        more = f"<div>and {len(data) - ROWS} more</div>" if len(data) > ROWS else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"
    if isinstance(data, list) and data and all(isinstance(part, str) for part in data):
        return "<br>".join(html.escape(part) for part in data[:ROWS])
    return html.escape(brief(data))
