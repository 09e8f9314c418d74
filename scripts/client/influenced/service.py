"""A running service."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from . import safetensors
from ._generated import Default
from .connection import Connection
from .dataset import Dataset
from .job import Job
from .listing import Listing
from .model import Model
from .modules import upload_model
from .uploads import upload_dataset
from .values import Record, Value

URL = "http://127.0.0.1:8080"


class Service:
    """A service at an address.

    - `url`: the address; by default that of INFLUENCED_URL, or http://127.0.0.1:8080.
    - `token`: the token of the service; by default that of INFLUENCED_TOKEN.
    - `timeout`: the most seconds without a word from the service.
    - `retries`: how often a request is sent again if the service is busy (429, 503) or the connection is lost.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, timeout: float = 300, retries: int = 4
    ) -> None:
        url = url or os.environ.get("INFLUENCED_URL") or URL
        self.connection = Connection(url, token or os.environ.get("INFLUENCED_TOKEN"), timeout, retries)
        # Data sets that this program uploaded, by their names. They know names of files and the like.
        self.known: dict[str, Dataset] = {}
        self.remembered: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return self.connection.url

    def info(self) -> Record:
        """The version of the service, its capabilities, and its limits."""
        return Record.decode(self.once("/v1"))

    def contract(self) -> dict[str, Any]:
        """Every request and answer, as an OpenAPI document."""
        return dict(self.once("/openapi.json"))

    def is_up(self) -> bool:
        """Whether the service answers and takes jobs."""
        try:
            self.connection.raw("GET", "/readyz", timeout=5)
        except Exception:
            return False
        return True

    def once(self, path: str) -> Any:
        if path not in self.remembered:
            self.remembered[path] = self.connection.json("GET", path)
        return self.remembered[path]

    # Lists, newest first

    def datasets(self) -> Listing[Dataset]:
        """The data sets."""
        entries = [Dataset(self, entry) for entry in self.pages("/v1/datasets")]
        return Listing(entries, ["name", "state", "shape", "targets", "classes", "splits"])

    def models(self) -> Listing[Model]:
        """The models."""
        entries = [Model(self, entry) for entry in self.pages("/v1/models")]
        return Listing(entries, ["name", "dataset", "parameters", "loss", "checkpoint", "metrics"])

    def jobs(
        self, state: str | None = None, kind: str | None = None, model: str | Model | None = None,
        limit: int | None = None,
    ) -> Listing[Job[Value]]:  # fmt: skip
        """The jobs, or those of a state, of a kind and of a model."""
        asked = {"state": state, "kind": kind, "model": name_of(model)}
        entries = self.pages("/v1/jobs", limit, **{key: value for key, value in asked.items() if value is not None})
        found: list[Job[Value]] = [Job(self, entry) for entry in entries]
        return Listing(found, ["id", "kind", "state", "request", "progress", "created_at"])

    def pages(self, path: str, limit: int | None = None, **asked: str) -> Iterator[dict[str, Any]]:
        """The entries of a list, page by page. The field Link of an answer names the next page."""
        following: str | None = f"{path}?{urlencode(asked)}" if asked else path
        count = 0
        while following is not None:
            page, following = self.connection.page(following)
            for entry in page:
                if count == limit:
                    return
                count += 1
                yield entry

    # Single ones

    def dataset(self, name: str) -> Dataset:
        """A data set by its name. File names and the like are there if this program uploaded the set."""
        info = self.connection.json("GET", f"/v1/datasets/{quote(name)}")
        known = self.known.get(name)
        if known is not None and known.info.sha256 == info.get("sha256"):
            known.update(info)
            return known
        return Dataset(self, info)

    def model(self, name: str) -> Model:
        """A model by its name."""
        return Model(self, self.connection.json("GET", f"/v1/models/{quote(name)}"))

    def job(self, id: str) -> Job[Value]:
        """A job by its id."""
        return Job(self, self.connection.json("GET", f"/v1/jobs/{quote(id)}"))

    def weights(self, checkpoint: str) -> safetensors.Arrays:
        """The weights of a checkpoint, by name."""
        return safetensors.loads(self.connection.raw("GET", f"/v1/checkpoints/{quote(checkpoint)}/weights"))

    def tensor_names(self, model: str) -> set[str]:
        """The names of a model's tensors, from the head of the file of its weights."""
        path = f"/v1/models/{quote(model)}/weights"
        length = int.from_bytes(self.connection.raw("GET", path, headers={"Range": "bytes=0-7"})[:8], "little")
        head = self.connection.raw("GET", path, headers={"Range": f"bytes=8-{7 + length}"})
        return set(json.loads(head)) - {"__metadata__"}

    # New ones

    def create_dataset(self, name: str, source: Mapping[str, Any]) -> Dataset:
        """Makes a data set of a source that the service reads by itself, such as `{"format": "csv", "path": "a.csv"}`."""
        return Dataset(self, self.connection.json("POST", "/v1/datasets", {"name": name, "source": source}))

    def create_model(
        self, name: str, data: Dataset | str, architecture: str | Mapping[str, Any], **options: Any
    ) -> Model:
        """Makes a model of an architecture that the service knows, or of a list of layers, or of a graph.

        The options are those of a model: `loss`, `weight_decay`, `precision`, `seed`, and `training`, a recipe. With a
        recipe the model is trained at once: `model.training_job` is the job.
        """
        body = {"name": name, "dataset": name_of(data), "architecture": architecture, **options}
        answer = self.connection.json("POST", "/v1/models", body)
        if "kind" not in answer or "state" not in answer:
            return Model(self, answer)
        model = self.model(name)
        model.training_job = Job(self, answer)
        return model

    # Functions of other files, whose first argument is the service.
    upload_dataset = upload_dataset
    upload_model = upload_model

    def submit(self, kind: str, **request: Any) -> Job[Value]:
        """Posts a job as it is written. The methods of a model do this with names and defaults."""
        body = {"kind": kind, **{key: value for key, value in request.items() if not isinstance(value, Default)}}
        return Job(self, self.connection.json("POST", "/v1/jobs", body))

    def __repr__(self) -> str:
        return f"<Service at {self.url}>"


def name_of(thing: Any) -> str | None:
    """The name of a data set or model, which may be given itself."""
    return thing if thing is None or isinstance(thing, str) else str(thing.name)
