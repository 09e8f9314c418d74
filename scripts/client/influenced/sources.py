"""Finds out what was given as data, and reads it as splits."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from .errors import DataError
from .optional import has_base, require
from .splits import ArraySplit, LoaderSplit, PictureSplit, SampleSplit, Split, classes_of

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
TABLES = (".csv", ".tsv", ".parquet", ".pq")


@dataclass
class Reading:
    """Splits, and what is known about them."""

    splits: dict[str, Split] = field(default_factory=dict)
    class_names: list[str] | None = None
    feature_names: list[str] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Reader:
    """The options that say how data are read."""

    target: str | Sequence[str] | None = None
    columns: tuple[str, str] | None = None
    ids: Any = None
    size: tuple[int, int] | None = None
    impute: str = "refuse"
    ignore: Sequence[str] = ()

    def read(self, train: Any, test: Any) -> Reading:
        """The splits of some data."""
        if isinstance(train, (str, pathlib.Path)):
            return self.read_path(pathlib.Path(train), test)
        if is_table(train):
            return self.read_table(train, test)
        reading = Reading()
        for name, data in (("train", train), ("test", test)):
            if data is not None:
                reading.splits[name] = self.split(name, data, reading)
        return reading

    def split(self, name: str, data: Any, reading: Reading) -> Split:
        if has_base(data, "torch.utils.data.dataloader.DataLoader"):
            return self.loader(name, data, reading)
        if isinstance(data, (tuple, list)) and len(data) == 2 and not (isinstance(data, list) and is_pair(data[0])):
            inputs, labels = data
            return ArraySplit(numpy.asarray(inputs) if isinstance(inputs, list) else inputs, labels, self.ids_of(name))
        if hasattr(data, "__getitem__") and hasattr(data, "__len__") or hasattr(data, "__iter__"):
            if reading.class_names is None:
                reading.class_names = classes_of(data)
            split = SampleSplit(data, self.columns)
            split.ids = self.ids_of(name) or split.ids
            return split
        raise DataError(
            f"{name} is {type(data).__name__}. Give a pair (X, y) of arrays, a Dataset or DataLoader of PyTorch, a "
            "folder of pictures by class, a DataFrame, or a file .csv, .parquet or .npz")  # fmt: skip

    def loader(self, name: str, loader: Any, reading: Reading) -> Split:
        """A loader that shuffles is read in the order of its data set, so that indices are those of the set."""
        if reading.class_names is None:
            reading.class_names = classes_of(loader.dataset)
        shuffles = has_base(loader.sampler, "torch.utils.data.sampler.RandomSampler")
        sequential = has_base(loader.sampler, "torch.utils.data.sampler.SequentialSampler")
        if not (shuffles or sequential) or not hasattr(loader.dataset, "__len__"):
            reading.notes.append(f"{name}: samples are in the order in which the loader gives them")
            return LoaderSplit(loader, self.columns)
        if shuffles:
            reading.notes.append(f"{name}: the loader shuffles; samples are sent in the order of its data set")
        torch_data = require("torch.utils.data", "reading a DataLoader")
        same = torch_data.DataLoader(loader.dataset, batch_size=loader.batch_size or 1, shuffle=False,
                                     num_workers=loader.num_workers, collate_fn=loader.collate_fn)  # fmt: skip
        split: Split = LoaderSplit(same, self.columns)
        split.count = len(loader.dataset)
        split.ids = self.ids_of(name) or SampleSplit(loader.dataset).ids
        return split

    def ids_of(self, split: str) -> list[str] | None:
        ids = self.ids.get(split) if isinstance(self.ids, Mapping) else self.ids if split == "train" else None
        return None if ids is None else [str(id) for id in ids]

    # Files

    def read_path(self, path: pathlib.Path, test: Any) -> Reading:
        if not path.exists():
            raise DataError(f"there is no {path}")
        other = pathlib.Path(test) if isinstance(test, (str, pathlib.Path)) else None
        if path.is_dir():
            return self.read_folder(path, other)
        if path.suffix == ".npz":
            return self.read_npz(path)
        if path.suffix in TABLES:
            return self.read_table(table_of(path), table_of(other) if other else None)
        raise DataError(f"{path} is neither a folder of pictures nor one of {', '.join((*TABLES, '.npz'))}")

    def read_npz(self, path: pathlib.Path) -> Reading:
        with numpy.load(path) as arrays:
            names = {name.lower(): name for name in arrays.files}

            def of(*choices: str) -> Any:
                return next((arrays[names[choice]] for choice in choices if choice in names), None)

            train = (of("x_train", "train_inputs", "train_images", "x"), of("y_train", "train_labels", "y"))
            test = (of("x_test", "test_inputs", "test_images"), of("y_test", "test_labels"))
        if any(part is None for part in train):
            raise DataError(f"{path} has the arrays {', '.join(names.values())}; it needs x_train and y_train")
        reading = Reading({"train": ArraySplit(*train, self.ids_of("train"))})
        if all(part is not None for part in test):
            reading.splits["test"] = ArraySplit(*test, self.ids_of("test"))
        return reading

    def read_folder(self, path: pathlib.Path, test: pathlib.Path | None) -> Reading:
        """Pictures in a folder for each class, or in `train` and `test` (or `val`) with such folders."""
        if test is None and (path / "train").is_dir():
            test = next((path / name for name in ("test", "val", "valid") if (path / name).is_dir()), None)
            path = path / "train"
        reading = Reading()
        folders = {"train": path, **({"test": test} if test is not None else {})}
        files = {name: pictures_by_class(folder) for name, folder in folders.items()}
        mode = (
            "L"
            if all(is_grey(file) for by_class in files.values() for some in by_class.values() for file in some[:3])
            else "RGB"
        )
        reading.class_names = sorted(files["train"])
        for name, by_class in files.items():
            unknown = sorted(set(by_class) - set(reading.class_names))
            if unknown:
                raise DataError(f"{folders[name]} has classes that {path} has not: {', '.join(unknown)}")
            pairs = [(file, label) for label in sorted(by_class) for file in by_class[label]]
            reading.splits[name] = PictureSplit(
                folders[name], [file for file, _ in pairs], [label for _, label in pairs], self.size, mode)  # fmt: skip
        reading.notes.append(f"pictures are read as {'grey' if mode == 'L' else 'RGB'} bytes, channels first")
        return reading

    # Tables

    def read_table(self, train: Any, test: Any) -> Reading:
        from .tables import encode

        if test is not None and not is_table(test):
            raise DataError(f"train is a DataFrame, and test is {type(test).__name__}")
        frames = {"train": train, **({"test": test} if test is not None else {})}
        encoded = encode(frames, self.target, self.ignore, self.impute)
        reading = Reading(feature_names=encoded.feature_names, notes=encoded.notes)
        for name, (inputs, labels, index) in encoded.splits.items():
            reading.splits[name] = ArraySplit(inputs, labels, self.ids_of(name) or index)
        return reading


def is_table(data: Any) -> bool:
    return has_base(data, "pandas.core.frame.DataFrame", "pandas.DataFrame")


def is_pair(sample: Any) -> bool:
    return isinstance(sample, (tuple, Mapping))


def table_of(path: pathlib.Path) -> Any:
    pandas = require("pandas", f"reading {path.name}")
    if path.suffix in (".parquet", ".pq"):
        return pandas.read_parquet(path)
    return pandas.read_csv(
        path, sep=None if path.suffix == ".csv" else "\t", engine="python" if path.suffix == ".csv" else "c"
    )


def pictures_by_class(folder: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """The files of pictures below each folder of a folder."""
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = {
        entry.name: sorted(file for file in entry.rglob("*") if file.suffix.lower() in PICTURES) for entry in classes
    }
    empty = [name for name, files in found.items() if not files]
    if len(found) < 2 or empty:
        words = f"no pictures in {', '.join(empty)}" if empty else "needs a folder for each class, two at least"
        raise DataError(f"{folder}: {words}")
    return found


def is_grey(file: pathlib.Path) -> bool:
    image = require("PIL.Image", "reading pictures")
    try:
        with image.open(file) as picture:
            return picture.mode in ("1", "L", "LA", "I;16")
    except OSError as error:
        raise DataError(f"{file} is not a picture that can be read: {error}") from error
