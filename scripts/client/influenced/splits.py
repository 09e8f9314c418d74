"""Samples of a split, which are read batch by batch: arrays, data sets of PyTorch, and pictures in files."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from .errors import DataError
from .optional import has_base, require
from .weights import array_of

Array = numpy.ndarray[Any, Any]
BATCH = 256
BATCH_BYTES = 4 << 20

# Members of a sample that is a dictionary, in the order in which they are looked for.
INPUTS = ("image", "img", "pixel_values", "input_ids", "inputs", "input", "x", "features")
LABELS = ("label", "labels", "target", "targets", "y", "class")


class Split:
    """Samples of a split.

    - `count`: how many there are; None if that shows at the end only.
    - `ids`: a name for each sample, if there are names.
    - `labels`: all labels, if they are known beforehand.
    """

    count: int | None = None
    ids: list[str] | None = None
    labels: Any = None

    def batches(self) -> Iterator[tuple[Array, Any]]:
        """The samples and their labels, from the first one on. May be called again."""
        raise NotImplementedError

    def first(self) -> Array:
        """The first sample."""
        for inputs, _ in self.batches():
            return numpy.asarray(inputs[0])
        raise DataError("there are no samples")

    def take(self, indices: Sequence[int]) -> Split:
        """Some of the samples."""
        raise DataError("samples that come one after the other cannot be divided: give test= too")


class ArraySplit(Split):
    """Arrays: samples along the first axis."""

    def __init__(self, inputs: Any, labels: Any, ids: Sequence[Any] | None = None) -> None:
        if hasattr(inputs, "toarray"):
            raise DataError("the inputs are a sparse matrix: send X.toarray()")
        self.inputs = array_of(inputs)
        self.labels = (
            array_of(labels) if hasattr(labels, "__array__") or hasattr(labels, "detach") else numpy.asarray(labels)
        )
        if self.inputs.dtype.kind == "O":
            raise DataError("the inputs are objects: samples must be numbers, all of one shape")
        if self.inputs.ndim < 2:
            raise DataError(
                f"inputs have the shape {self.inputs.shape}; they need an axis of samples and one of features"
            )
        if len(self.inputs) != len(self.labels):
            raise DataError(f"there are {len(self.inputs)} inputs and {len(self.labels)} labels")
        self.count = len(self.inputs)
        self.ids = [str(id) for id in ids] if ids is not None else None
        if self.ids is not None and len(self.ids) != self.count:
            raise DataError(f"there are {self.count} samples and {len(self.ids)} ids")

    def batches(self) -> Iterator[tuple[Array, Any]]:
        rows = max(1, BATCH_BYTES * len(self.inputs) // max(1, self.inputs.nbytes))
        for begin in range(0, len(self.inputs), rows):
            yield self.inputs[begin : begin + rows], self.labels[begin : begin + rows]

    def take(self, indices: Sequence[int]) -> Split:
        names = self.ids or [str(index) for index in range(len(self.inputs))]
        return ArraySplit(self.inputs[indices], self.labels[indices], [names[index] for index in indices])


class SampleSplit(Split):
    """A `Dataset` of PyTorch, or whatever gives a sample by its index. Transforms are applied as it is read."""

    def __init__(
        self, source: Any, columns: tuple[str, str] | None = None, indices: Sequence[int] | None = None
    ) -> None:
        if hasattr(source, "__next__"):
            raise DataError("an iterator can be read only once: give a list, or a Dataset")
        self.source = source
        self.columns = columns
        self.indices = indices
        if indices is not None:
            self.count = len(indices)
        elif hasattr(source, "__len__") and hasattr(source, "__getitem__"):
            self.count = len(source)
        self.ids = names_of(source, indices)

    def samples(self) -> Iterable[Any]:
        if self.indices is not None:
            return (self.source[int(index)] for index in self.indices)
        if self.count is not None:
            return (self.source[index] for index in range(self.count))
        found: Iterator[Any] = iter(self.source)
        return found

    def batches(self) -> Iterator[tuple[Array, Any]]:
        inputs: list[Array] = []
        labels: list[Any] = []
        place = 0
        for sample in self.samples():
            x, y = pair(sample, self.columns)
            inputs.append(input_array(x))
            labels.append(label_of(y))
            if inputs[-1].shape != inputs[0].shape:
                raise DataError(
                    f"sample {place} has the shape {inputs[-1].shape}, others have {inputs[0].shape}: "
                    "a transform must bring all to one shape")  # fmt: skip
            place += 1
            if len(inputs) == BATCH:
                yield numpy.stack(inputs), labels
                inputs, labels = inputs[:0], []
        if inputs:
            yield numpy.stack(inputs), labels

    def take(self, indices: Sequence[int]) -> Split:
        if self.count is None:
            return super().take(indices)
        own = self.indices if self.indices is not None else range(self.count)
        return SampleSplit(self.source, self.columns, [own[index] for index in indices])


class LoaderSplit(Split):
    """A `DataLoader` of PyTorch with a sampler of its own: batches as it gives them."""

    def __init__(self, loader: Any, columns: tuple[str, str] | None = None) -> None:
        self.loader = loader
        self.columns = columns

    def batches(self) -> Iterator[tuple[Array, Any]]:
        for batch in self.loader:
            x, y = pair(batch, self.columns)
            yield array_of(x), array_of(y)


class PictureSplit(Split):
    """Pictures in files, all of one size."""

    def __init__(
        self, root: pathlib.Path, files: Sequence[pathlib.Path], labels: Sequence[str], size: tuple[int, int] | None,
        mode: str | None,
    ) -> None:  # fmt: skip
        self.root = root
        self.files = list(files)
        self.labels = numpy.asarray(list(labels))
        self.size = size
        self.mode = mode
        self.count = len(self.files)
        self.ids = [file.relative_to(root).as_posix() for file in self.files]

    def read(self, file: pathlib.Path) -> Array:
        image = require("PIL.Image", "reading pictures")
        try:
            with image.open(file) as picture:
                picture = picture.convert(self.mode or "RGB")
                if self.size is not None and picture.size != (self.size[1], self.size[0]):
                    picture = picture.resize((self.size[1], self.size[0]), image.Resampling.BILINEAR)
                return input_array(picture)
        except OSError as error:
            raise DataError(f"{file} is not a picture that can be read: {error}") from error

    def batches(self) -> Iterator[tuple[Array, Any]]:
        first = None
        for begin in range(0, len(self.files), BATCH):
            inputs = []
            for file in self.files[begin : begin + BATCH]:
                inputs.append(self.read(file))
                first = inputs[-1].shape if first is None else first
                if inputs[-1].shape != first:
                    raise DataError(
                        f"{file} has {inputs[-1].shape[1]}×{inputs[-1].shape[2]} pixels (height×width), "
                        f"{self.files[0]} has {first[1]}×{first[2]}: say size=(height, width)")  # fmt: skip
            yield numpy.stack(inputs), self.labels[begin : begin + BATCH]

    def take(self, indices: Sequence[int]) -> Split:
        files, labels = [self.files[index] for index in indices], [self.labels[index] for index in indices]
        return PictureSplit(self.root, files, labels, self.size, self.mode)


# Parts of samples


def pair(sample: Any, columns: tuple[str, str] | None) -> tuple[Any, Any]:
    """The input and the label of a sample."""
    if isinstance(sample, Mapping) or has_base(sample, "transformers.tokenization_utils_base.BatchEncoding"):
        names = columns or (found(sample, INPUTS), found(sample, LABELS))
        if None in names or any(name not in sample for name in names):
            raise DataError(
                f"a sample has the members {', '.join(map(str, sample))}: say which are input and label, such as "
                'columns=("image", "label")')  # fmt: skip
        return sample[names[0]], sample[names[1]]
    if isinstance(sample, (tuple, list)) and len(sample) == 2:
        return sample[0], sample[1]
    raise DataError(f"a sample must be a pair (input, label) or a dictionary, not {type(sample).__name__}")


def found(sample: Any, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in sample), None)


def input_array(x: Any) -> Array:
    """One input as an array. A picture of Pillow becomes bytes, channels first."""
    if has_base(x, "PIL.Image.Image"):
        if x.mode not in ("L", "RGB"):
            x = x.convert("RGB")
        array = numpy.asarray(x)
        return array[None] if array.ndim == 2 else numpy.ascontiguousarray(numpy.moveaxis(array, -1, 0))
    if isinstance(x, (tuple, list)) and x and hasattr(x[0], "shape"):
        raise DataError(
            "a sample has several inputs. Put them into one row, one after the other: see the guide on `inputs`"
        )
    array = array_of(x)
    if array.dtype.kind == "O" or array.dtype.kind in "US":
        raise DataError(f"an input is {type(x).__name__}, and must be numbers, such as token ids")
    return array if array.ndim else array[None]


def label_of(y: Any) -> Any:
    if hasattr(y, "detach") or isinstance(y, numpy.ndarray):
        array = array_of(y)
        return array if array.ndim else array[()]
    return y


def names_of(source: Any, indices: Sequence[int] | None) -> list[str] | None:
    """Names of the samples: files, where a data set knows them, or indices of the set that a `Subset` is of."""
    files = getattr(source, "samples", None) or getattr(source, "imgs", None)
    if isinstance(files, list) and files and isinstance(files[0], tuple) and isinstance(files[0][0], str):
        root = str(getattr(source, "root", "")).rstrip("/") + "/"
        names = [file.removeprefix(root) for file, *_ in files]
    elif has_base(source, "torch.utils.data.dataset.Subset"):
        inner = names_of(source.dataset, None)
        names = [inner[int(index)] if inner else str(int(index)) for index in source.indices]
    else:
        return [str(index) for index in indices] if indices is not None else None
    return [names[index] for index in indices] if indices is not None else names


def classes_of(source: Any) -> list[str] | None:
    """The names of the classes, where a data set of torchvision or Hugging Face knows them."""
    if has_base(source, "torch.utils.data.dataset.Subset"):
        return classes_of(source.dataset)
    names = getattr(source, "classes", None)
    if names is None and isinstance(getattr(source, "features", None), Mapping):
        label = found(source.features, LABELS)
        names = getattr(source.features[label], "names", None) if label else None
    if isinstance(names, (list, tuple)) and len(names) > 1 and all(isinstance(name, str) for name in names):
        return list(names)
    return None
