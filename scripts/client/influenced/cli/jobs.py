"""The commands that post jobs, wait for them, and fetch what they made."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

import numpy

from .. import safetensors
from ..errors import InfluencedError, ServiceError
from ..job import Job
from ..listing import text_table
from ..service import Service
from ..values import number
from .output import Output, WrongUse, options_of, percent


def add_parsers(commands: Any, shared: argparse.ArgumentParser) -> None:
    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, parents=[shared], help=help)
        made.set_defaults(run=run)
        return made

    posts = argparse.ArgumentParser(add_help=False)
    posts.add_argument("--checkpoint", help="the weights to start from; by default the latest")
    posts.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any other option of the job")
    posts.add_argument("--no-wait", action="store_true", help="print the job's id, and do not wait for its end")
    posts.add_argument("--plot", metavar="FILE", help="write a picture of the result (needs matplotlib)")

    def posting(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, parents=[shared, posts], help=help)
        made.set_defaults(run=run)
        return made

    remove = posting("remove", run_remove, "take a group of training samples out of a network")
    remove.add_argument("net")
    group = remove.add_mutually_exclusive_group(required=True)
    group.add_argument("--class", dest="class_", metavar="CLASS", help="a class, by name or number")
    group.add_argument("--indices", help="training samples, such as 4,17,23")
    explain = posting("explain", run_explain, "say which training samples help and harm a test sample")
    explain.add_argument("net")
    explain.add_argument("--test", help="test samples, such as 17 or 17,20; by default that of the highest loss")
    explain.add_argument("--top", type=int, default=5, help="how many training samples of each kind")
    anything = posting("run", run_any, "post a job of any kind: influence run spectrum NET --set count=20")
    anything.add_argument("kind")
    anything.add_argument("net", help="the model, or for a sweep the data set")

    wait = command("wait", run_wait, "wait for jobs")
    wait.add_argument("job", nargs="+")
    wait.add_argument("--timeout", type=float, help="the most seconds")
    show = command("show", run_show, "show a job, a model or a data set")
    show.add_argument("thing", help="the id of a job, or the name of a model or a data set")
    get = command("get", run_get, "fetch an array of a job, or weights")
    get.add_argument("thing", help="the id of a job or of a checkpoint, or the name of a model")
    get.add_argument("array", nargs="?", help="of a job: the name of an array, or `weights`")
    get.add_argument("-o", "--output", help="the file to write")
    lists = command("list", run_list, "list data sets, models and jobs")
    lists.add_argument("what", nargs="?", choices=("datasets", "models", "jobs"), help="by default all three")
    lists.add_argument("--limit", type=int, default=20, help="the most jobs")
    cancel = command("cancel", run_cancel, "end a job")
    cancel.add_argument("job")


# Posting


def finish(job: Job[Any], chosen: argparse.Namespace, output: Output) -> Job[Any] | None:
    """Waits for a job; None if it shall go on."""
    if chosen.no_wait:
        output.show(job.id, job.info.json)
        return None
    job.wait(progress=False if output.as_json else None)
    if chosen.plot:
        job.plot().savefig(chosen.plot, dpi=120)
    return job


def request(chosen: argparse.Namespace) -> dict[str, Any]:
    options = options_of(chosen.set)
    return {**options, "checkpoint": chosen.checkpoint} if chosen.checkpoint else options


def samples(text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise WrongUse(f"samples are numbers such as 4,17, not {text!r}") from None


def post(service: Service, kind: str, net: str, options: dict[str, Any]) -> Job[Any]:
    """Posts a job of a model, or of a data set if the kind needs one alone."""
    from .._generated import RESULTS, ModelJobs

    if kind not in RESULTS:
        raise WrongUse(f"there is no job {kind!r}; there are {', '.join(RESULTS)}")
    owner = service.model(net) if hasattr(ModelJobs, kind) else service.dataset(net)
    return owner.start(kind, RESULTS[kind], options)


def run_remove(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    group = {"class": chosen.class_} if chosen.class_ is not None else {"indices": samples(chosen.indices)}
    job = finish(post(service, "remove", chosen.net, {**request(chosen), **group}), chosen, output)
    if job is not None:
        output.show(removal_text(job, chosen.class_), job.info.json)
    return 0


def removal_text(job: Job[Any], class_: str | None) -> str:
    result = job.result
    versions = [("before", result.before), ("after", result.after), ("trained again", result.retrained)]
    rows = [
        [name, *(cell for part in (version.json["self"], version.json["test"]) for cell in
                 (percent(part["accuracy"]), number(part["loss"])))]
        for name, version in versions if version is not None
    ]  # fmt: skip
    head = ["network", "class " + class_ if class_ else "group", "loss", "the rest", "loss"]
    lines = [text_table(head, rows), f"checkpoint {result.checkpoint}, job {job.id}"]
    return "\n".join(lines + [f"warning: {text}" for text in result.warnings or []])


def run_explain(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    options: dict[str, Any] = {**request(chosen), "top": chosen.top}
    if chosen.test:
        options["test"] = samples(chosen.test)
    job = finish(post(service, "influence", chosen.net, options), chosen, output)
    if job is not None:
        output.show(influence_text(job), job.info.json)
    return 0


def influence_text(job: Job[Any]) -> str:
    data = job.model.data
    result = job.result
    lines = []
    for test in result.tests:
        read = "" if test.predicted is None else f", read as {data.class_name(test.predicted)}"
        label = f" ({data.class_name(test.label)}{read})" if test.label is not None else ""
        where = f"mean of {test.split}" if test.index is None else f"{test.split} {data.id(test.split, test.index)}"
        lines.append(f"{where}{label}, loss {number(test.loss)}")
        rows = [
            [words, data.id("train", entry.index), data.class_name(entry.label),
             "–" if entry.effect is None else f"{entry.effect:+.4g}"]
            for words, entries in (("helps", test.helpful), ("harms", test.harmful)) for entry in entries or []
        ]  # fmt: skip
        lines.append(text_table(["", "training sample", "label", "loss without it"], rows))
        if not test.reliable:
            lines.append("The solve was not good enough: do not rely on this list.")
    return "\n".join([*lines, f"job {job.id}", *(f"warning: {text}" for text in result.warnings or [])])


def run_any(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    job = finish(post(service, chosen.kind, chosen.net, request(chosen)), chosen, output)
    if job is not None:
        output.show("" if output.as_json else job.table(), job.info.json)
    return 0


# Looking


def run_wait(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    found = [service.job(id) for id in chosen.job]
    for job in found:
        job.wait(chosen.timeout, progress=False if output.as_json else None)
    output.show("\n".join(f"{job.id} {job.state}" for job in found), [job.info.json for job in found])
    return 0


def run_show(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    """Looks for a job, a model and a data set of the name, in this order."""
    for kind in ("jobs", "models", "datasets"):
        path = f"/v1/{kind}/{chosen.thing}"
        try:
            data = service.connection.json("GET", path)
        except ServiceError as error:
            if error.status != 404:
                raise
            continue
        output.show("" if output.as_json else service.connection.text(path).rstrip(), data)
        return 0
    raise InfluencedError(f"there is no job, model or data set {chosen.thing!r}")


def run_get(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    weights, array = fetched(service, chosen.thing, chosen.array)
    if weights is not None:
        path = pathlib.Path(chosen.output or f"{chosen.thing}.safetensors")
        safetensors.save(path, weights)
        shapes = {name: list(tensor.shape) for name, tensor in weights.items()}
        output.show(f"{path}: {len(shapes)} tensors", {"path": str(path), "tensors": shapes})
    else:
        assert array is not None
        path = pathlib.Path(chosen.output or f"{chosen.array.removesuffix('.npy')}.npy")
        numpy.save(path, array, allow_pickle=False)
        output.show(f"{path}: {'×'.join(map(str, array.shape))} {array.dtype}",
                    {"path": str(path), "shape": array.shape, "dtype": str(array.dtype)})  # fmt: skip
    return 0


def fetched(service: Service, thing: str, array: str | None) -> tuple[Any, Any]:
    """Weights, or an array of a job."""
    try:
        job = service.job(thing)
    except ServiceError as error:
        if error.status != 404:
            raise
    else:
        if array == "weights" or array is None and not job.arrays:
            return job.state_dict(), None
        if array is None:
            raise InfluencedError(f"name an array of the job: {', '.join(job.arrays)}, or weights")
        return None, job.array(array)
    for path in (f"/v1/models/{thing}/weights", f"/v1/checkpoints/{thing}/weights"):
        try:
            return safetensors.loads(service.connection.raw("GET", path)), None
        except ServiceError as error:
            if error.status != 404:
                raise
    raise InfluencedError(f"there is no job, model or checkpoint {thing!r}")


def run_list(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    kinds = [chosen.what] if chosen.what else ["datasets", "models", "jobs"]
    lists: dict[str, Any] = {}
    for kind in kinds:
        lists[kind] = service.jobs(limit=chosen.limit) if kind == "jobs" else getattr(service, kind)()
    text = "\n\n".join(f"{kind}\n{entries!r}" if len(kinds) > 1 else repr(entries) for kind, entries in lists.items())
    data = {kind: entries.json() for kind, entries in lists.items()}
    output.show(text, data[chosen.what] if chosen.what else data)
    return 0


def run_cancel(service: Service, chosen: argparse.Namespace, output: Output) -> int:
    job = service.job(chosen.job).cancel()
    output.show(f"{job.id} {job.state}", job.info.json)
    return 0
