"""Checks labels before they are sent, and says what to do about those that mean something else than they seem to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from .errors import DataError

Array = numpy.ndarray[Any, Any]

# Whole numbers in floating point are taken for classes if there are at most this many of them, several times each.
MOST_CLASSES = 50


class Labels:
    """The labels of all splits: numbers of classes, classes of positions, or values."""

    def __init__(self, kind: str | None, class_names: Sequence[str] | None) -> None:
        self.kind = kind
        self.class_names = [str(name) for name in class_names] if class_names is not None else None
        self.notes: list[str] = []
        # Whether samples are rows of whole numbers: then a row of labels is likely a class for each of them.
        self.has_tokens = False

    def read(self, split: str, labels: Any, known: Sequence[Any] = ()) -> Array:
        """The labels of a split as the service takes them. `known` are labels of other splits."""
        array: Array = labels if isinstance(labels, numpy.ndarray) else numpy.asarray(labels)
        if array.size == 0:
            raise DataError(f"the split {split} has no labels")
        if array.dtype.kind in "OUST":
            array = self.named(split, array, known)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array.ravel()
        if array.dtype.kind == "b":
            array = array.astype("i8")
        if array.dtype.kind == "f":
            array = self.floating(split, array)
        if array.dtype.kind == "u":
            array = array.astype("i8")
        if array.dtype.kind not in "if":
            raise DataError(f"labels of the type {array.dtype} are neither classes nor values")
        if array.dtype.kind == "i" and self.kind == "values":
            array = array.astype("f8")
        if array.dtype.kind == "i" and self.kind is None:
            self.check_meaning(split, array)
        if array.dtype.kind == "i" and array.ndim == 1:
            self.check_classes(split, array)
        return numpy.asarray(array, order="C")

    def named(self, split: str, array: Array, known: Sequence[Any]) -> Array:
        """Names of classes as numbers, in the order of `class_names`, or in alphabetical order."""
        missing = [place for place, label in enumerate(array.ravel().tolist()) if label is None or label != label]
        if missing:
            raise DataError(f"{len(missing)} labels of the split {split} are missing, the first at {missing[0]}")
        texts = numpy.asarray([str(label) for label in array.ravel().tolist()])
        if self.class_names is None:
            self.class_names = sorted({*texts.tolist(), *(str(label) for label in known)})
            self.notes.append(f"classes in the order of their names: {', '.join(self.class_names[:8])}"
                              + (", …" if len(self.class_names) > 8 else ""))  # fmt: skip
        numbers = {name: number for number, name in enumerate(self.class_names)}
        unknown = sorted({text for text in texts.tolist() if text not in numbers})
        if unknown:
            raise DataError(f"the split {split} has labels that no class has: {', '.join(unknown[:5])}")
        found: Array = numpy.asarray([numbers[text] for text in texts.tolist()], "i8").reshape(array.shape)
        return found

    def floating(self, split: str, array: Array) -> Array:
        if not bool(numpy.isfinite(array).all()):
            place = int(numpy.flatnonzero(~numpy.isfinite(array).reshape(len(array), -1).all(1))[0])
            raise DataError(f"label {place} of the split {split} is not finite")
        whole = bool((array == numpy.round(array)).all())
        if self.kind in ("classes", "positions"):
            if not whole:
                raise DataError(f"labels of the split {split} are no whole numbers, so they are no classes")
            return numpy.asarray(array, "i8")
        if (
            whole
            and array.ndim == 2
            and self.kind is None
            and bool((array.sum(1) == 1).all())
            and bool((array >= 0).all())
        ):
            self.notes.append("labels look one-hot, and are taken for values: send y.argmax(1) if they are classes")
        distinct = len(numpy.unique(array)) if whole and self.kind is None and array.ndim == 1 else 0
        if 1 < distinct <= MOST_CLASSES and len(array) >= 3 * distinct:
            raise DataError(
                f"labels of the split {split} are floating-point numbers with {distinct} different whole values. "
                "If they are classes, send y.astype('int64') (y.long() in PyTorch). "
                "If they are values to predict, say kind=\"values\"")  # fmt: skip
        return numpy.asarray(array, "f4") if array.dtype == numpy.float16 else array

    def check_meaning(self, split: str, array: Array) -> None:
        """Refuses integers that are rather values than classes, or several labels a sample rather than positions."""
        distinct = len(numpy.unique(array))
        if array.ndim == 1 and self.class_names is None and distinct > max(20, len(array) / 2):
            raise DataError(
                f"labels of the split {split} are integers with {distinct} different values for {len(array)} samples. "
                'Say kind="values" if they are values to predict, or kind="classes" if each is a class'
            )
        if array.ndim == 2 and not self.has_tokens and set(numpy.unique(array).tolist()) <= {0, 1}:
            raise DataError(
                f'labels of the split {split} are rows of 0 and 1. Say kind="values" for several labels a sample, '
                'kind="positions" for a class a position, or send y.argmax(1) if they are one-hot'
            )

    def check_classes(self, split: str, array: Array) -> None:
        low, high = int(array.min()), int(array.max())
        if low < 0:
            raise DataError(
                f"the split {split} has the label {low}. Classes are counted from 0: for labels of −1 and 1 send "
                "(y > 0).astype('int64')")  # fmt: skip
        if low == 1 and self.class_names is not None and len(self.class_names) == high:
            raise DataError(f"labels go from 1 to {high}, and classes are counted from 0: send y - 1")
        if self.class_names is not None and high >= len(self.class_names):
            raise DataError(
                f"the split {split} has the label {high}, and there are {len(self.class_names)} class names"
            )
