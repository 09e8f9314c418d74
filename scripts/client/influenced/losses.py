"""Losses of PyTorch as losses of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ModelError
from .optional import has_base
from .weights import array_of

MODULE = "torch.nn.modules.loss."


def loss_of(loss: Any) -> Any:
    """A loss as the service takes it: a name or an object as it is, or a module such as `CrossEntropyLoss`.

    The service takes the mean over the samples, whatever `reduction` says.
    """
    if loss is None or isinstance(loss, (str, Mapping)):
        return loss
    name = type(loss).__name__

    def have(*names: str) -> bool:
        return has_base(loss, *(MODULE + name for name in names))

    if have("CrossEntropyLoss", "NLLLoss"):
        options: dict[str, Any] = {}
        if loss.weight is not None:
            options["weight"] = array_of(loss.weight).tolist()
        if getattr(loss, "label_smoothing", 0):
            options["label_smoothing"] = float(loss.label_smoothing)
        return {"name": "cross_entropy", **options} if options else "cross_entropy"
    if have("BCEWithLogitsLoss"):
        if loss.weight is not None:
            raise ModelError("the service has no weights of samples: give BCEWithLogitsLoss no weight")
        weight = {} if loss.pos_weight is None else {"pos_weight": array_of(loss.pos_weight).ravel().tolist()}
        return {"name": "binary_cross_entropy", **weight} if weight else "binary_cross_entropy"
    if have("MSELoss"):
        return "mse"
    if have("HuberLoss"):
        return {"name": "huber", "delta": float(loss.delta)}
    if have("PoissonNLLLoss") and loss.log_input and not loss.full:
        return "poisson"
    raise ModelError(
        f"the service has no {name}. It has cross_entropy, binary_cross_entropy (of logits), mse, huber, poisson (of "
        "logarithms) and hinge")  # fmt: skip
