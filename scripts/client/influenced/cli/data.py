"""`influence data add` and `influence model add`."""

from __future__ import annotations

import argparse
import importlib
import json
import pathlib
import re
import sys
from typing import Any

from ..dataset import Dataset
from ..errors import InfluencedError
from ..model import Model
from ..service import Service
from .output import Output, WrongUse, value_of


def add_parsers(commands: Any, shared: argparse.ArgumentParser) -> None:
    data = commands.add_parser("data", help="send data").add_subparsers(dest="action", required=True, metavar="ACTION")
    add = data.add_parser("add", parents=[shared], help="send a folder of pictures, a table, or arrays")
    add.add_argument("source", help="a folder with a folder of pictures for each class, a file .csv, .parquet or .npz, or "
                     "builtin:digits")  # fmt: skip
    add.add_argument("--test", help="a folder or file for testing")
    add.add_argument("--test-fraction", type=float, help="draw this share for testing if there is no test split (0.2)")
    add.add_argument("--name", help="the name of the set; by default that of the file")
    add.add_argument("--target", help="the label's column; several with commas")
    add.add_argument("--ignore", default="", help="columns to leave out, with commas")
    add.add_argument("--kind", choices=("classes", "values"), help="what the labels are")
    add.add_argument(
        "--normalization", type=value_of, help="none, standardize, or JSON with mean and standard_deviation"
    )
    add.add_argument(
        "--impute", default="refuse", choices=("refuse", "mean", "most_frequent"), help="how gaps are filled"
    )
    add.add_argument("--size", help="HEIGHTxWIDTH to which pictures are brought")
    add.add_argument("--replace", action="store_true", help="delete a set of this name first")
    add.set_defaults(run=add_data)

    model = commands.add_parser("model", help="send a network").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    add = model.add_parser("add", parents=[shared], help="send a module of PyTorch, or describe a network")
    add.add_argument("source", help="module:factory, which gives a module of PyTorch; or a file .json with an architecture "
                     "or a whole request; or the name of an architecture")  # fmt: skip
    add.add_argument("--data", help="the data set that it was trained on")
    add.add_argument("--weights", help="a file of weights, .safetensors or .pt")
    add.add_argument("--name", help="the name of the model")
    add.add_argument("--loss", type=value_of, help="the loss, by default cross_entropy")
    add.add_argument("--weight-decay", type=float, default=0.0, help="λ of the risk")
    add.add_argument("--training", type=value_of, help="a recipe as JSON, such as '{\"epochs\": 5}': train at once")
    add.add_argument("--replace", action="store_true", help="delete a model of this name first")
    add.set_defaults(run=add_model)


def resource_name(text: str) -> str:
    """A name that the service takes."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:63] or "data"


def add_data(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    if chosen.source.startswith("builtin:"):
        builtin = chosen.source.partition(":")[2]
        data = service.create_dataset(chosen.name or builtin, {"format": "builtin", "name": builtin})
    else:
        path = pathlib.Path(chosen.source)
        size = None
        if chosen.size:
            if not re.fullmatch(r"\d+[x×]\d+", chosen.size):
                raise WrongUse(f"--size must be like 32x32, not {chosen.size}")
            height, width = re.split("[x×]", chosen.size)
            size = (int(height), int(width))
        fraction = chosen.test_fraction if chosen.test_fraction is not None else 0.0 if chosen.test else 0.2
        target = chosen.target.split(",") if chosen.target and "," in chosen.target else chosen.target
        data = service.upload_dataset(
            chosen.name or resource_name(path.resolve().stem), path, chosen.test, target=target, kind=chosen.kind,
            normalization=chosen.normalization, impute=chosen.impute, size=size, replace=chosen.replace, quiet=True,
            ignore=[name for name in chosen.ignore.split(",") if name], test_fraction=fraction)  # fmt: skip
    lines = [repr(data), *(f"  {text}" for text in (*data.notes, *data.warnings))]
    output.show("\n".join(lines), {**data.info.json, "notes": data.notes})
    return 0


def add_model(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    source = chosen.source
    if source.endswith(".onnx"):
        raise WrongUse("this service takes no ONNX files: give module:factory and --weights")
    if source.endswith(".json"):
        model = described(service, chosen, json.loads(pathlib.Path(source).read_text()))
    elif ":" in source:
        model = of_module(service, chosen)
    else:
        model = described(service, chosen, source)
    lines = [repr(model), *(f"  {note}" for note in model.notes)]
    if model.training_job is not None:
        model.training_job.wait(progress=False if output.as_json else None)
        model = service.model(model.name)
        lines = [repr(model)]
    output.show("\n".join(lines), {**model.info.json, "notes": model.notes})
    return 0


def data_of(service: Service, chosen: argparse.Namespace) -> Dataset:
    if chosen.data:
        return service.dataset(chosen.data)
    sets = service.datasets()
    if len(sets) == 1:
        return service.dataset(sets[0].name)
    raise WrongUse(f"say --data: one of {', '.join(data.name for data in sets) or 'none, add one first'}")


def described(service: Service, chosen: argparse.Namespace, architecture: Any) -> Model:
    """A model that is described, and its weights from a file."""
    body: dict[str, Any] = {}
    if isinstance(architecture, dict) and "architecture" in architecture:
        body = dict(architecture)
        architecture = body.pop("architecture")
    data = body.pop("dataset", None) if not chosen.data else chosen.data
    named = body.pop("name", None)
    name = chosen.name or named or resource_name(pathlib.Path(chosen.source).stem)
    remove_old(service, name, chosen.replace)
    options = {"loss": chosen.loss, "weight_decay": chosen.weight_decay or None, "training": chosen.training}
    body |= {key: value for key, value in options.items() if value is not None}
    model = service.create_model(name, data or data_of(service, chosen), architecture, **body)
    if chosen.weights:
        model.upload_weights(chosen.weights)
        model.refresh()
    return model


def of_module(service: Service, chosen: argparse.Namespace) -> Model:
    """A module of PyTorch that a function of the user gives, with weights from a file."""
    from ..modules import upload_model
    from ..optional import require
    from ..weights import apply, read_file

    torch = require("torch", "model add module:factory")
    if chosen.training is not None:
        raise WrongUse("--training is of networks that are described; `influence run train NET` trains a module")
    module, _, factory = chosen.source.partition(":")
    sys.path.insert(0, "")
    try:
        made = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise InfluencedError(f"{chosen.source} cannot be imported: {error}") from error
    net = made if isinstance(made, torch.nn.Module) else made()
    if chosen.weights:
        apply(unprefixed(read_file(pathlib.Path(chosen.weights)), net), net)
    return upload_model(
        service, chosen.name or resource_name(factory), net, data_of(service, chosen), loss=chosen.loss,
        weight_decay=chosen.weight_decay, replace=chosen.replace, quiet=True)  # fmt: skip


def unprefixed(arrays: Any, net: Any) -> Any:
    """Weights without the prefixes that wrappers put before their names."""
    own = set(net.state_dict())
    for prefix in ("module.", "model.", "_orig_mod."):
        if not own & set(arrays) and all(name.startswith(prefix) for name in arrays):
            arrays = {name.removeprefix(prefix): array for name, array in arrays.items()}
    return arrays


def remove_old(service: Service, name: str, replace: bool) -> None:
    if replace and any(model.name == name for model in service.models()):
        service.model(name).delete(jobs=True)
