"""Sends data sets, batch by batch."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import numpy

from .dataset import Dataset
from .errors import DataError, InfluencedError, ServiceError
from .labels import Labels
from .progress import ProgressLine
from .sources import Reader, Reading
from .splits import Split

if TYPE_CHECKING:
    from .service import Service

Array = numpy.ndarray[Any, Any]

# A picture whose last axis is one of these and whose first is not has its channels at the end.
CHANNELS = (1, 3, 4)
PIECE = 1 << 20


def upload_dataset(
    service: Service, name: str, train: Any, test: Any = None, *,
    target: str | Sequence[str] | None = None, kind: str | None = None, class_names: Sequence[str] | None = None,
    classes: int | None = None, normalization: str | Mapping[str, Any] | None = None, ids: Any = None,
    columns: tuple[str, str] | None = None, size: tuple[int, int] | None = None, ignore: Sequence[str] = (),
    impute: str = "refuse", ignore_index: int | None = None, test_fraction: float = 0, seed: int = 0,
    layout: str = "auto", replace: bool = False, quiet: bool = False,
) -> Dataset:  # fmt: skip
    """Sends samples, and returns the data set that they make.

    `train` and `test` are pairs (X, y) of arrays, data sets or loaders of PyTorch, folders with a folder of pictures
    for each class, DataFrames, or files (.csv, .parquet, .npz). Transforms are applied as samples are read. Samples
    keep their order.

    - `target`: of tables, the label's column, or several; by default the last one.
    - `kind`: "classes", "values" or "positions", if the labels do not tell.
    - `class_names`, `classes`: the names of the classes in order, and their number.
    - `normalization`: "none", "standardize", or `{"mean": …, "standard_deviation": …}`. By default none: samples are
      what the network sees, but for bytes, which are scaled to 0…1.
    - `ids`: names of the training samples, or `{"train": […], "test": […]}`.
    - `columns`: the members of samples that are dictionaries, such as `("image", "label")`.
    - `size`: of pictures in files, (height, width) to which they are brought.
    - `ignore`, `impute`: of tables, columns to leave out, and "mean" or "most_frequent" to fill gaps.
    - `ignore_index`: of classes of positions, the label that counts for nothing.
    - `test_fraction`, `seed`: draws a test split where none is given.
    - `layout`: "channels_first", "channels_last", or "auto": channels at the end are moved, and a note says so.
    - `replace`: deletes a set of this name first.
    - `quiet`: prints nothing.
    """
    reader = Reader(target, columns, ids, size, impute, ignore)
    reading = reader.read(train, test)
    if test_fraction and "test" not in reading.splits:
        draw_test(reading, test_fraction, seed)
    labels = Labels(kind, class_names if class_names is not None else reading.class_names)
    source: dict[str, Any] = {"format": "upload", "classes": classes, "kind": kind, "ignore_index": ignore_index,
                              "normalization": normalization or "none"}  # fmt: skip
    uploads = [
        Upload(service, name, split, samples, layout, labels, quiet) for split, samples in reading.splits.items()
    ]
    for upload in uploads:
        upload.check(uploads)
    if replace:
        try:
            service.connection.json("DELETE", f"/v1/datasets/{quote(name)}")
        except ServiceError as error:
            if error.status != 404:
                raise
    if labels.class_names is not None:
        source["class_names"] = labels.class_names
    fields = upload_fields(service) if reading.feature_names else set()
    if "feature_names" in fields:
        source["feature_names"] = reading.feature_names
    service.create_dataset(name, {key: value for key, value in source.items() if value is not None})
    try:
        for upload in uploads:
            upload.send()
        data = service.dataset(name)
    except BaseException:
        # Half a set would take the name.
        try:
            service.connection.json("DELETE", f"/v1/datasets/{quote(name)}")
        except InfluencedError:
            pass
        raise
    data.ids = {upload.split: upload.samples.ids for upload in uploads if upload.samples.ids is not None}
    data.feature_names = reading.feature_names
    data.notes = list(
        dict.fromkeys([*reading.notes, *labels.notes, *(note for upload in uploads for note in upload.notes)])
    )
    data.notes.append(normalization_note(data))
    service.known[name] = data
    if not quiet:
        say(data)
    return data


def say(data: Dataset) -> None:
    """Prints what the service has."""
    print(f"{data!r}", file=sys.stderr)
    for text in (*data.notes, *data.warnings):
        print(f"  {text}", file=sys.stderr)


def normalization_note(data: Dataset) -> str:
    numbers = data.normalization.json if data.normalization is not None else {}
    scale = numbers.get("scale", 1)
    bytes_too = f", after bytes were scaled by {scale:.4g}" if scale != 1 else ""
    mean, deviation = numbers.get("mean"), numbers.get("standard_deviation")
    if mean is None or not any(mean) and all(part == 1 for part in deviation or ()):
        return f"normalization: none{bytes_too or '; a network sees the samples as they were sent'}"
    shown = ", ".join(f"{part:.4g}" for part in mean[:4]) + (", …" if len(mean) > 4 else "")
    spread = ", ".join(f"{part:.4g}" for part in (deviation or [])[:4]) + (", …" if len(mean) > 4 else "")
    return f"normalization: mean {shown} and standard deviation {spread}{bytes_too}"


def upload_fields(service: Service) -> set[str]:
    """The options that the service takes beside arrays."""
    sources = service.contract()["components"]["schemas"]["DatasetSource"]["oneOf"]
    upload = next(source for source in sources if source["properties"]["format"].get("const") == "upload")
    return set(upload["properties"])


def draw_test(reading: Reading, fraction: float, seed: int) -> None:
    """Makes a test split of a share of the training samples."""
    whole = reading.splits["train"]
    count = whole.count
    if count is None or not 0 < fraction < 1:
        raise DataError(f"test_fraction must be between 0 and 1, of samples that can be counted, not {fraction}")
    drawn = numpy.random.default_rng(seed).permutation(count)
    tests = max(1, round(fraction * count))
    reading.splits["train"] = whole.take(sorted(drawn[tests:].tolist()))
    reading.splits["test"] = whole.take(sorted(drawn[:tests].tolist()))
    reading.notes.append(f"{tests} of {count} samples were drawn for testing with the seed {seed}")


class Upload:
    """The two arrays of a split."""

    def __init__(
        self, service: Service, name: str, split: str, samples: Split, layout: str, labels: Labels, quiet: bool
    ) -> None:
        self.service = service
        self.split = split
        self.samples = samples
        self.labels = labels
        self.path = f"/v1/datasets/{quote(name)}/{split}"
        self.notes: list[str] = []
        first = samples.first()
        labels.has_tokens = first.ndim == 1 and first.dtype.kind in "iu"
        self.dtype = stored_type(first.dtype)
        self.moves = self.channels_last(first.shape, layout)
        self.shape = (first.shape[-1], *first.shape[:-1]) if self.moves else first.shape
        self.line = ProgressLine(f"sending {name}/{split}", shown=False if quiet else None)
        # Whether the names of the classes are known beforehand.
        self.named = labels.class_names is not None
        # Labels as they pass by.
        self.seen: list[Any] = []

    def channels_last(self, shape: tuple[int, ...], layout: str) -> bool:
        if layout == "channels_last":
            return len(shape) == 3
        if layout != "auto" or len(shape) != 3 or shape[-1] not in CHANNELS or shape[0] in CHANNELS:
            return False
        self.notes.append(
            f'channels were moved to the front: {shape[0]}×{shape[1]}×{shape[2]} (layout="channels_first" keeps them)'
        )
        return True

    def check(self, others: Sequence[Upload]) -> None:
        """Checks the labels that are known before anything is sent."""
        if self.samples.labels is not None:
            known = [label for other in others if other.samples.labels is not None
                     for label in numpy.asarray(other.samples.labels).ravel().tolist()]  # fmt: skip
            self.labels.read(self.split, self.samples.labels, known)
        size = (self.samples.count or 0) * int(numpy.prod(self.shape, dtype=float)) * self.dtype.itemsize
        limit = self.service.info().limits.json.get("blob_bytes")
        if limit is not None and size > limit:
            raise DataError(
                f"the samples of {self.split} have {size / 1e9:.2f} GB, and the service takes {limit / 1e9:.2f} GB: start "
                "it with a larger --blob-limit, send fewer samples, or send bytes (uint8)")  # fmt: skip

    def send(self) -> None:
        if self.samples.count is None:
            self.send_uncounted()
        else:
            header = self.header(self.samples.count)
            size = len(header) + self.samples.count * int(numpy.prod(self.shape)) * self.dtype.itemsize
            self.service.connection.put(f"{self.path}/inputs", size, lambda: self.pieces(header, self.samples.count))
        self.line.update(1, "the service looks at the samples")
        labels = self.samples.labels if self.samples.labels is not None else gathered(self.seen)
        file = io.BytesIO()
        numpy.save(file, self.labels.read(self.split, labels), allow_pickle=False)
        data = file.getvalue()
        self.service.connection.put(f"{self.path}/labels{self.names()}", len(data), lambda: [data])
        self.line.end("done")

    def names(self) -> str:
        """The query with names of classes that showed while the samples were sent."""
        names = self.labels.class_names
        if self.split != "train" or self.samples.labels is not None or names is None or self.named:
            return ""
        if any("," in name for name in names):
            raise DataError(f"names of classes have commas: give class_names={names!r}")
        return f"?{urlencode({'class_names': ','.join(names)})}"

    def header(self, count: int) -> bytes:
        file = io.BytesIO()
        numpy.lib.format.write_array_header_1_0(
            file, {"descr": self.dtype.str, "fortran_order": False, "shape": (count, *self.shape)})  # fmt: skip
        return file.getvalue()

    def pieces(self, header: bytes, count: int | None) -> Iterator[bytes | memoryview]:
        """The file of the inputs, piece by piece. Labels are kept as they pass."""
        self.seen = []
        sent = 0
        yield header
        for inputs, labels in self.samples.batches():
            batch = numpy.asarray(inputs)
            if self.moves:
                batch = numpy.moveaxis(batch, -1, 1)
            if batch.shape[1:] != self.shape:
                raise DataError(f"samples behind the first {sent} have the shape {batch.shape[1:]}, not {self.shape}")
            batch = numpy.ascontiguousarray(batch, dtype=self.dtype)
            sent += len(batch)
            self.seen.append(labels)
            if batch.nbytes:
                yield batch.reshape(-1).view(numpy.uint8).data
            if count:
                self.line.update(sent / count, f"{sent} of {count} samples")
        if count is not None and sent != count:
            raise DataError(f"the split {self.split} has {sent} samples, and its length says {count}")

    def send_uncounted(self) -> None:
        """Samples whose number shows at the end wait in a file."""
        with tempfile.TemporaryFile() as file:
            for piece in self.pieces(b"", None):
                file.write(piece)
            header = self.header(sum(len(labels) for labels in self.seen))
            size = len(header) + file.tell()

            def pieces() -> Iterator[bytes]:
                yield header
                file.seek(0)
                while piece := file.read(PIECE):
                    yield piece

            self.service.connection.put(f"{self.path}/inputs", size, pieces)


def stored_type(dtype: numpy.dtype[Any]) -> numpy.dtype[Any]:
    """The type in which samples are sent."""
    if dtype.kind == "f":
        return numpy.dtype("<f8" if dtype.itemsize >= 8 else "<f4")
    if dtype.kind == "b":
        return numpy.dtype("|b1")
    if dtype.kind == "u" and dtype.itemsize == 8:
        return numpy.dtype("<i8")
    if dtype.kind in "iu":
        little: numpy.dtype[Any] = numpy.dtype(dtype.str.replace(">", "<"))
        return little
    raise DataError(f"samples of the type {dtype} are no numbers")


def gathered(batches: list[Any]) -> Array:
    """The labels of all batches as one array."""
    parts = [numpy.asarray(batch) for batch in batches]
    if not parts:
        raise DataError("there are no samples")
    return numpy.concatenate(parts)
