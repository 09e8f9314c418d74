"""Data sets of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import numpy

from ._generated import DatasetInfo, DatasetJobs, Sample
from .errors import InfluencedError
from .requests import options_of
from .values import Value, table_of

if TYPE_CHECKING:
    from .job import Job
    from .service import Service

R = TypeVar("R", bound=Value)


class Dataset(DatasetJobs):
    """A data set of the service.

    The service does not hold these yet. They are here if this program uploaded the set:

    - `ids`: for each split a name for each sample, such as its file or its row.
    - `feature_names`: the names of the features.
    - `notes`: what was done to the data on their way.
    """

    def __init__(self, service: Service, info: dict[str, Any]) -> None:
        self.service = service
        self.ids: dict[str, list[str]] = {}
        self.feature_names: list[str] | None = None
        self.notes: list[str] = []
        self.update(info)

    def update(self, info: dict[str, Any]) -> None:
        self.info: DatasetInfo = DatasetInfo.decode(info)

    def refresh(self) -> Dataset:
        """Asks the service for the set as it is now."""
        self.update(self.service.connection.json("GET", f"/v1/datasets/{quote(self.name)}"))
        return self

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self.info.shape or ())

    @property
    def class_names(self) -> list[str] | None:
        return self.info.class_names

    @property
    def normalization(self) -> Any:
        """A network sees (stored value · scale − mean) / standard_deviation of these numbers."""
        return self.info.normalization

    @property
    def warnings(self) -> list[str]:
        """Sentences about things that look wrong, although the set can be used."""
        return list(self.info.warnings or [])

    def count(self, split: str = "train") -> int:
        """The number of samples of a split; 0 if there is no such split."""
        splits = self.info.splits.json if self.info.splits is not None else {}
        return int(splits.get(split, {}).get("count", 0))

    # Samples

    def sample(self, split: str, index: int) -> Sample:
        """A sample with its label, and with its values as a network sees them."""
        return Sample.decode(self.service.connection.json("GET", self.path(split, index)))

    def values(self, split: str, indices: Sequence[int]) -> numpy.ndarray[Any, Any]:
        """Samples as a network sees them, one after the other."""
        rows = [self.sample(split, index) for index in indices]
        return numpy.stack([numpy.asarray(row.values, dtype="f8").reshape(row.shape) for row in rows])

    def picture(self, split: str, index: int) -> bytes:
        """A sample as a PNG file."""
        return self.service.connection.raw("GET", self.path(split, index), headers={"Accept": "image/png"})

    def path(self, split: str, index: int) -> str:
        return f"/v1/datasets/{quote(self.name)}/{split}/{index}"

    def id(self, split: str, index: int) -> str:
        """The name of a sample, or its index if no names are known."""
        names = self.ids.get(split)
        return names[index] if names else str(index)

    def index(self, split: str, id: str) -> int:
        """The index of a sample by its name."""
        if id not in self.ids.get(split, []):
            raise InfluencedError(f"the split {split} of {self.name} has no sample {id!r}")
        return self.ids[split].index(id)

    def class_name(self, label: int | None) -> str:
        """The name of a class, or its number if it has no name."""
        names = self.class_names
        return "" if label is None else names[label] if names and label < len(names) else str(label)

    # Work

    def start(self, kind: str, result: type[R], options: dict[str, Any]) -> Job[R]:
        from .job import Job

        request = {"kind": kind, "dataset": self.name, **options_of(options, self.class_names)}
        return Job(self.service, self.service.connection.json("POST", "/v1/jobs", request))

    def derive(self, name: str, **change: Any) -> Dataset:
        """Makes a data set with a change of this one: `classes`, `take`, `relabel`, `poison` or `normalization`."""
        source: Mapping[str, Any] = {"format": "derived", "of": self.name, **change}
        return self.service.create_dataset(name, source)

    def delete(self) -> None:
        """Deletes the set. No model, job or derived set may use it."""
        self.service.connection.json("DELETE", f"/v1/datasets/{quote(self.name)}")
        self.service.known.pop(self.name, None)

    def __repr__(self) -> str:
        splits = self.info.splits.json if self.info.splits is not None else {}
        parts = ", ".join(f"{split['count']} {name}" for name, split in splits.items() if "count" in split)
        shape = "×".join(map(str, self.shape))
        targets = f"{self.info.classes or self.info.outputs} {self.info.targets}"
        return f"<Dataset {self.name}: {parts or self.info.state}, {shape}, {targets}>"

    def _repr_html_(self) -> str:
        return table_of({**self.info.json, "notes": self.notes})
