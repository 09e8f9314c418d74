"""Packages that only some calls need."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingPackage

# Names to install, where they differ from the names to import.
INSTALL = {"PIL": "pillow", "PIL.Image": "pillow", "matplotlib.pyplot": "matplotlib"}


def require(module: str, purpose: str) -> Any:
    """A module that `purpose` needs; an error that says what to install if it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = INSTALL.get(module, module.partition(".")[0])
        raise MissingPackage(f"{purpose} needs {name}: pip install {name} ({error})") from error


def type_name(value: object) -> str:
    """The full name of a value's type. It can be compared without an import of the type's package."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def has_base(value: object, *names: str) -> bool:
    """Whether a value's type, or a base of it, has one of some full names."""
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(value).__mro__}
    return not bases.isdisjoint(names)
