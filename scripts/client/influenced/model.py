"""Models of the service, and their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import numpy

from . import safetensors
from ._generated import CheckpointInfo, ModelInfo, ModelJobs
from .dataset import Dataset
from .job import Job
from .requests import options_of, reference
from .values import Value, brief, table_of

if TYPE_CHECKING:
    from .service import Service

R = TypeVar("R", bound=Value)


class Model(ModelJobs):
    """A model of the service. Each kind of job is a method: `remove`, `influence`, `train` and others."""

    def __init__(self, service: Service, info: dict[str, Any]) -> None:
        self.service = service
        self.info: ModelInfo = ModelInfo.decode(info)
        # The job that a recipe in the model's request started.
        self.training_job: Job[Value] | None = None
        # Findings of the upload.
        self.notes: list[str] = []

    @property
    def name(self) -> str:
        return self.info.name

    def refresh(self) -> Model:
        """Asks the service for the model as it is now."""
        self.info = ModelInfo.decode(self.service.connection.json("GET", f"/v1/models/{quote(self.name)}"))
        return self

    @property
    def data(self) -> Dataset:
        """The data set of the model."""
        return self.service.dataset(self.info.dataset)

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes, in the order of the network's outputs."""
        contract = self.info.contract or self.refresh().info.contract
        return contract.class_names if contract is not None else None

    # Jobs

    def start(self, kind: str, result: type[R], options: dict[str, Any]) -> Job[R]:
        names = (
            any(isinstance(options.get(name), str) for name in ("class",))
            or "groups" in options
            or "exclude" in options
        )
        request = {"kind": kind, "model": self.name, **options_of(options, self.class_names if names else None)}
        return Job(self.service, self.service.connection.json("POST", "/v1/jobs", request))

    def jobs(self) -> Any:
        """The jobs of this model, newest first."""
        return self.service.jobs(model=self)

    # Weights

    def checkpoints(self) -> list[CheckpointInfo]:
        """The weights that the model has had, newest first."""
        path = f"/v1/models/{quote(self.name)}/checkpoints"
        return [CheckpointInfo.decode(entry) for entry in self.service.pages(path)]

    def state_dict(self, checkpoint: Any = None) -> safetensors.Arrays:
        """Weights by name: the latest that are not edited, or those of a checkpoint or a job."""
        if checkpoint is not None:
            return self.service.weights(
                checkpoint if isinstance(checkpoint, str) else reference(checkpoint, "checkpoint")
            )
        return safetensors.loads(self.service.connection.raw("GET", f"/v1/models/{quote(self.name)}/weights"))

    def apply_to(self, net: Any, checkpoint: Any = None) -> Any:
        """Puts weights of the model into a module of PyTorch. Returns the module."""
        from .weights import apply

        return apply(self.state_dict(checkpoint), net)

    def upload_weights(self, weights: Any) -> CheckpointInfo:
        """Sends weights, which become the newest checkpoint: a module, its `state_dict()`, arrays by name, or a file."""
        from .weights import arrays_of

        arrays: Mapping[str, numpy.ndarray[Any, Any]] = arrays_of(weights)
        if hasattr(weights, "state_dict"):
            # A module has further names of tensors that are shared, and layers that it does not use.
            known = self.service.tensor_names(self.name)
            arrays = {name: array for name, array in arrays.items() if name in known}
        size = safetensors.pieces(arrays)[0]
        answer = self.service.connection.put(
            f"/v1/models/{quote(self.name)}/weights", size, lambda: safetensors.pieces(arrays)[1])  # fmt: skip
        return CheckpointInfo.decode(answer)

    # Others

    def delete(self, jobs: bool = False) -> None:
        """Deletes the model with its checkpoints. `jobs` deletes its ended jobs first."""
        if jobs:
            for job in self.jobs():
                job.delete()
        self.service.connection.json("DELETE", f"/v1/models/{quote(self.name)}")

    def __repr__(self) -> str:
        loss = brief_loss(self.info.json["loss"])
        return f"<Model {self.name}: {self.info.parameters} parameters, data set {self.info.dataset}, {loss}>"

    def _repr_html_(self) -> str:
        shown = {
            key: value for key, value in self.info.json.items() if key not in ("architecture", "links", "contract")
        }
        return table_of(shown)


def brief_loss(loss: Any) -> str:
    return loss if isinstance(loss, str) else ", ".join(f"{name} {brief(value)}" for name, value in loss.items())
