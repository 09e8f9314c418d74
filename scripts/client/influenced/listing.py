"""Lists of data sets, models and jobs, as tables."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, overload

from .values import brief

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """A list whose text is a table with a row for each entry."""

    def __init__(self, entries: Sequence[T], columns: Sequence[str]) -> None:
        self.entries = list(entries)
        self.columns = list(columns)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.entries[index]

    def __len__(self) -> int:
        return len(self.entries)

    def json(self) -> list[Any]:
        """The entries as the service sent them."""
        return [entry.info.json for entry in self.entries]  # type: ignore[attr-defined]

    def rows(self) -> list[list[str]]:
        return [[cell(column, entry.get(column)) for column in self.columns] for entry in self.json()]

    def __repr__(self) -> str:
        return text_table(self.columns, self.rows()) if self.entries else "nothing there"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = ("".join(f"<td>{html.escape(text)}</td>" for text in row) for row in self.rows())
        return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def cell(column: str, value: Any) -> str:
    """A member of an entry in few words."""
    if isinstance(value, dict):
        if column == "splits":
            return ", ".join(f"{name} {split.get('count')}" for name, split in value.items())
        if column == "request":
            return str(value.get("model") or value.get("dataset") or "")
        if column == "progress":
            return f"{100 * value['fraction']:.0f} %"
        if column == "metrics":
            accuracy = (value.get("test") or value.get("train") or {}).get("accuracy")
            return "–" if accuracy is None else f"{100 * accuracy:.1f} % right"
        if "kind" in value and "id" in value:
            return f"{value['id']} ({value['kind']})"
        return str(value.get("name", brief(value)))
    if column == "shape" and isinstance(value, list):
        return "×".join(map(str, value))
    return brief(value)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text. Columns of numbers are set to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    right = [
        all(row[column].lstrip("+-−").replace(".", "", 1).isdigit() for row in rows) for column in range(len(head))
    ]

    def line(row: Sequence[str]) -> str:
        parts = (text.rjust(width) if side else text.ljust(width) for text, width, side in zip(row, widths, right))
        return "  ".join(parts).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])
