"""Reads and writes safetensors files: eight bytes with the length of a JSON header, the header, and the numbers."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from .errors import DataError

Arrays = dict[str, "numpy.ndarray[Any, Any]"]

TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
NAMES = {numpy.dtype(code): name for name, code in TYPES.items()}


def pieces(tensors: Mapping[str, numpy.ndarray[Any, Any]]) -> tuple[int, Iterator[bytes | memoryview]]:
    """The size of a file of some tensors, and the file piece by piece: tensors are not copied into one."""
    header: dict[str, Any] = {}
    end = 0
    for name, tensor in tensors.items():
        kind = NAMES.get(tensor.dtype.newbyteorder("<") if tensor.dtype.byteorder == ">" else tensor.dtype)
        if kind is None:
            raise DataError(f"{name} has the type {tensor.dtype}, which safetensors does not know")
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)

    def parts() -> Iterator[bytes | memoryview]:
        yield len(head).to_bytes(8, "little") + head
        for tensor in tensors.values():
            stored = numpy.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
            if stored.nbytes:
                yield stored.reshape(-1).view(numpy.uint8).data

    return 8 + len(head) + end, parts()


def save(path: str | pathlib.Path, tensors: Mapping[str, numpy.ndarray[Any, Any]]) -> None:
    """Writes tensors into a file."""
    with open(path, "wb") as file:
        for piece in pieces(tensors)[1]:
            file.write(piece)


def loads(data: bytes | bytearray | memoryview) -> Arrays:
    """The tensors of a file's bytes. BF16 becomes float32."""
    view = memoryview(data)
    length = int.from_bytes(view[:8], "little")
    if len(view) < 8 or length > len(view) - 8:
        raise DataError("this is not a safetensors file: its header is longer than the file")
    try:
        header = json.loads(bytes(view[8 : 8 + length]))
    except ValueError as error:
        raise DataError(f"this is not a safetensors file: its header is not JSON ({error})") from None
    body = view[8 + length :]
    tensors: Arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = body[begin:end]
        if entry["dtype"] == "BF16":
            halves = numpy.frombuffer(raw, dtype="<u2").astype("<u4")
            numbers = (halves << 16).view("<f4")
        elif entry["dtype"] in TYPES:
            numbers = numpy.frombuffer(raw, dtype=TYPES[entry["dtype"]])
        else:
            raise DataError(f"{name} has the type {entry['dtype']}, which this package does not read")
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def load(path: str | pathlib.Path) -> Arrays:
    """The tensors of a file."""
    return loads(pathlib.Path(path).read_bytes())
