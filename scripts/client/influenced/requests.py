"""Options of jobs as the service takes them."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from ._generated import Default
from .errors import InfluencedError

# Options that name training or test samples.
SAMPLES = ("test", "train")
# Options that name a thing of the service by its id or name, and the member of our object that has it.
REFERENCES = {"checkpoint": "checkpoint", "factors": "id", "dataset": "name"}


def options_of(options: Mapping[str, Any], class_names: Sequence[str] | None) -> dict[str, Any]:
    """The options that were given, as the service takes them.

    - Samples may be an index, or a list of indices.
    - A class may be its name, here and inside of `groups` and `exclude`.
    - A job, checkpoint or data set may be given itself.
    """
    given = {name: value for name, value in options.items() if value is not None and not isinstance(value, Default)}
    for name, value in given.items():
        if name in SAMPLES and not isinstance(value, (str, Mapping)):
            given[name] = {"indices": indices(value)}
        elif name == "indices":
            given[name] = indices(value)
        elif name in REFERENCES and not isinstance(value, str):
            given[name] = reference(value, REFERENCES[name])
        elif name == "class":
            given[name] = class_number(value, class_names)
        elif name in ("groups", "exclude"):
            given[name] = named_groups(value, class_names)
    return given


def indices(value: Any) -> list[int]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple, set, range, frozenset)):
        return [operator.index(index) for index in value]
    return [operator.index(value)]


def reference(value: Any, member: str) -> str:
    for name in (member, "id", "name"):
        found = getattr(value, name, None)
        if isinstance(found, str):
            return found
    raise InfluencedError(f"{value!r} names nothing of the service")


def class_number(value: Any, class_names: Sequence[str] | None) -> int:
    """The number of a class that is given by number or name."""
    if not isinstance(value, str):
        return operator.index(value)
    if class_names and value in class_names:
        return list(class_names).index(value)
    if value.isdigit():
        return int(value)
    known = ", ".join(class_names or []) or "none: classes are numbers"
    raise InfluencedError(f"there is no class {value!r}. The data set has {known}")


def named_groups(value: Any, class_names: Sequence[str] | None) -> Any:
    if isinstance(value, Mapping):
        inner = dict(value)
        if "class_" in inner:
            inner["class"] = inner.pop("class_")
        if "class" in inner:
            inner["class"] = class_number(inner["class"], class_names)
        return inner
    if isinstance(value, (list, tuple)):
        return [named_groups(part, class_names) for part in value]
    return value
