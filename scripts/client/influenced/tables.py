"""Tables of pandas as numbers: categories become columns of 0 and 1, and gaps are filled or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from .errors import DataError
from .optional import require

# A column of text with more different values than this is a name or a sentence rather than a category.
MOST_CATEGORIES = 50


@dataclass
class Encoded:
    """Inputs, labels and names of rows of each split."""

    splits: dict[str, tuple[Any, Any, list[str]]] = field(default_factory=dict)
    feature_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def encode(
    frames: Mapping[str, Any], target: str | Sequence[str] | None, ignore: Sequence[str], impute: str
) -> Encoded:
    """The numbers of tables. All that the columns do is learned from the training table.

    - `target`: the label's column, or a list of them; by default the last column.
    - `ignore`: columns to leave out.
    - `impute`: what becomes of a missing value: "refuse", "mean" or "most_frequent". A category that is missing is a
      category of its own, unless missing values are refused.
    """
    pandas = require("pandas", "reading a table")
    train = frames["train"]
    names = [str(name) for name in train.columns]
    if impute not in ("refuse", "mean", "most_frequent"):
        raise DataError(f'impute must be "refuse", "mean" or "most_frequent", not {impute!r}')
    targets = [names[-1]] if target is None else [target] if isinstance(target, str) else list(target)
    unknown = [name for name in (*targets, *ignore) if name not in names]
    if unknown:
        raise DataError(f"the table has no column {', '.join(map(repr, unknown))}. It has {', '.join(names)}")
    encoded = Encoded()
    if target is None:
        encoded.notes.append(f"the label is the last column, {names[-1]}")
    faults: list[str] = []
    parts: dict[str, list[Any]] = {split: [] for split in frames}
    for name, column in zip(names, (train.iloc[:, place] for place in range(len(names)))):
        if name in targets or name in ignore:
            continue
        if is_index(name, column):
            encoded.notes.append(f"the column {name or '(without a name)'} counts the rows and is left out")
            continue
        missing = {
            split: int(frame[column.name].isna().sum()) for split, frame in frames.items() if column.name in frame
        }
        if len(missing) < len(frames):
            faults.append(f"the test table has no column {name}")
            continue
        if sum(missing.values()) and impute == "refuse":
            row = next(frame.index[frame[column.name].isna()][0] for split, frame in frames.items() if missing[split])
            faults.append(
                f'{name} has {sum(missing.values())} missing values, the first in row {row}: say impute="mean"'
            )
            continue
        kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
        if kind in "mM":
            faults.append(f"{name} has times: make numbers of them, or ignore=[{name!r}]")
        elif pandas.api.types.is_numeric_dtype(column) and not pandas.api.types.is_bool_dtype(column):
            fill = (
                column.mean() if impute != "most_frequent" else (column.mode().iloc[0] if column.notna().any() else 0)
            )
            for split, frame in frames.items():
                parts[split].append(frame[column.name].astype("float64").fillna(float(fill)).to_numpy()[:, None])
            encoded.feature_names.append(name)
        else:
            categories(name, column, frames, parts, encoded, faults)
    for split, frame in frames.items():
        gone = [name for name in targets if name not in map(str, frame.columns)]
        if gone:
            faults.append(f"the {split} table has no column {', '.join(gone)}")
        elif int(frame[targets].isna().sum().sum()):
            faults.append(f"{', '.join(targets)} has missing labels in the {split} table: leave these rows out")
    if not encoded.feature_names and not faults:
        faults.append("the table has no columns besides the label")
    if faults:
        raise DataError("the table cannot be sent:\n" + "\n".join(f"  {fault}" for fault in faults))
    for split, frame in frames.items():
        labels = frame[targets[0] if len(targets) == 1 else targets].to_numpy()
        inputs = numpy.concatenate(parts[split], axis=1)
        if not bool(numpy.isfinite(inputs).all()):
            raise DataError(f"the {split} table has infinite numbers")
        encoded.splits[split] = (inputs, labels, [str(index) for index in frame.index])
    return encoded


def categories(
    name: str, column: Any, frames: Mapping[str, Any], parts: dict[str, list[Any]], encoded: Encoded, faults: list[str]
) -> None:
    """Columns of 0 and 1 for the values of a column: one column for two values, else one for each."""
    values = sorted({text_of(value) for value in column.tolist()})
    if len(values) > MOST_CATEGORIES:
        faults.append(
            f"{name} has {len(values)} different texts, such as {values[0]!r}: make numbers of them, "
            f"or ignore=[{name!r}]"
        )
        return
    shown = values[1:] if len(values) == 2 else values
    for split, frame in frames.items():
        texts = [text_of(value) for value in frame[column.name].tolist()]
        new = sorted(set(texts) - set(values))
        if new:
            encoded.notes.append(f"{name} has values in the {split} table that training has not: {', '.join(new[:3])}")
        parts[split].append(numpy.asarray([[text == value for value in shown] for text in texts], "f8"))
    encoded.feature_names += [f"{name}={value}" for value in shown]
    encoded.notes.append(f"{name} became {len(shown)} column{'s' * (len(shown) > 1)} of 0 and 1")


def text_of(value: Any) -> str:
    return "missing" if value is None or value != value else str(value)


def is_index(name: str, column: Any) -> bool:
    """Whether a column is the index that `to_csv` writes: it has no name, and counts the rows."""
    if name and not name.startswith("Unnamed: 0"):
        return False
    try:
        return bool((column.to_numpy() == numpy.arange(len(column))).all())
    except (TypeError, ValueError):
        return False
