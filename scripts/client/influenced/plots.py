"""Pictures of results, as figures of matplotlib.

| job | picture | options |
|---|---|---|
| `influence` | each test sample with the samples that help and harm it | `top`: how many of each |
| `mislabeled` | the first suspects | `top` |
| `remove`, `recover` | accuracies over the scales that were tried | |
| `train`, `retrain` | loss and accuracy after each epoch | |
| `evaluate` | how many samples of each class are read as each class | |
| `validate` | estimated against measured changes of the loss | |
| `compare` | the score of each row | |
| `domain_mismatch` | the effect of each group | |
| `spectrum` | eigenvalues, and their density if there is one | |
| `trajectory` | the way of the first two parameters, and the risk | |
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from .dataset import Dataset
from .errors import InfluencedError, ServiceError
from .optional import require
from .progress import in_notebook

if TYPE_CHECKING:
    from .job import Job

HELPFUL, HARMFUL, PLAIN = "#2a7f62", "#b3402e", "#3b5b92"


def plot(job: Job[Any], **options: Any) -> Any:
    """The picture of a job's result."""
    if job.kind not in PICTURES:
        raise InfluencedError(f"there is no picture of {job.kind}; there are those of {', '.join(PICTURES)}")
    result = job.result
    figure = PICTURES[job.kind](job, result, **options)
    if in_notebook():
        # The notebook shows what a cell returns. It would show an open figure a second time.
        require("matplotlib.pyplot", "plot()").close(figure)
    return figure


def axes(rows: int = 1, columns: int = 1, size: tuple[float, float] = (6, 4)) -> tuple[Any, Any]:
    pyplot = require("matplotlib.pyplot", "plot()")
    figure, grid = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    return figure, grid


# Samples


class Samples:
    """Draws samples of a data set: their pictures, or their names where they are no pictures."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.have_pictures = len(data.shape) in (2, 3)

    def draw(self, place: Any, split: str, index: int, title: str, colour: str) -> None:
        place.set_axis_off()
        if self.have_pictures:
            try:
                pixels = require("matplotlib.pyplot", "plot()").imread(io.BytesIO(self.data.picture(split, index)))
                place.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None, interpolation="nearest")
            except ServiceError:
                # Some samples of three axes are no pictures.
                self.have_pictures = False
        if not self.have_pictures:
            place.text(0.5, 0.5, self.data.id(split, index), ha="center", va="center", wrap=True)
        place.set_title(title, fontsize=8, color=colour)


def influence(job: Job[Any], result: Any, top: int = 5) -> Any:
    """A row for each test sample: the sample, those that help it, and those that harm it."""
    data = job.model.data
    if result.tests is None or not result.tests:
        found = result.self_influence.largest[: 2 * top]
        return bars([data.id("train", entry.index) for entry in found], [entry.self_influence for entry in found],
                    "self-influence of training samples")  # fmt: skip
    lists = [(test, *sides(test, top)) for test in result.tests]
    if len(data.shape) not in (2, 3):
        return rows_of(data, lists)
    width = 1 + max(len(helpful) + len(harmful) for _, helpful, harmful in lists)
    figure, grid = axes(len(lists), width, (1.25 * width, 1.6 * len(lists) + 0.3))
    samples = Samples(data)
    for row, (test, helpful, harmful) in zip(grid, lists):
        for place in row:
            place.set_axis_off()
        if test.index is None:
            row[0].set_title(f"mean loss of {test.split}", fontsize=8)
        else:
            words = f"{test.split} {test.index}: {data.class_name(test.label)}"
            if test.predicted is not None and test.predicted != test.label:
                words += f"\nread as {data.class_name(test.predicted)}"
            split = "train" if test.split == "validation" else test.split
            samples.draw(row[0], split, test.index, words, "black")
        for place, entry in zip(row[1:], [*helpful, *harmful]):
            strength = entry.effect if entry.effect is not None else getattr(entry, "score", entry.json.get("norm"))
            words = f"{entry.index}: {data.class_name(entry.label)}\n{strength:+.2g}"
            samples.draw(place, "train", entry.index, words, HARMFUL if entry in harmful else HELPFUL)
    figure.suptitle("green: the loss would rise without it. red: the loss would fall without it", fontsize=9)
    return figure


def rows_of(data: Dataset, lists: Sequence[tuple[Any, list[Any], list[Any]]]) -> Any:
    """Bars in place of pictures, for samples that are rows of numbers."""
    height = sum(len(helpful) + len(harmful) for _, helpful, harmful in lists)
    figure, grid = axes(len(lists), 1, (7, 0.25 * height + 0.8 * len(lists)))
    for place, (test, helpful, harmful) in zip(grid[:, 0], lists):
        entries = [*helpful, *reversed(harmful)]
        heights = floats([entry.effect for entry in entries])
        place.barh(range(len(entries)), heights, color=[HARMFUL if effect < 0 else HELPFUL for effect in heights])
        names = [f"{data.id('train', entry.index)} {data.class_name(entry.label)}" for entry in entries]
        place.set_yticks(range(len(entries)), names, fontsize=8)
        place.invert_yaxis()
        place.axvline(0, color="gray", linewidth=1)
        where = f"mean of {test.split}" if test.index is None else (
            f"{test.split} {data.id(test.split, test.index)} {data.class_name(test.label)}")  # fmt: skip
        place.set_title(f"change of the loss on {where} without a training sample", fontsize=9)
    return figure


def sides(test: Any, top: int) -> tuple[list[Any], list[Any]]:
    if test.largest is not None:
        return list(test.largest[:top]), []
    return list(test.helpful[:top]), list(test.harmful[:top])


def mislabeled(job: Job[Any], result: Any, top: int = 20) -> Any:
    """The first suspects, with their label and the class that they look like."""
    data = job.model.data
    suspects = result.suspects[:top]
    columns = min(10, max(1, len(suspects)))
    rows = -(-len(suspects) // columns) or 1
    figure, grid = axes(rows, columns, (1.25 * columns, 1.6 * rows))
    samples = Samples(data)
    for place in grid.ravel():
        place.set_axis_off()
    for place, entry in zip(grid.ravel(), suspects):
        words = f"{entry.index}: {data.class_name(entry.label)}\nor {data.class_name(entry.suggested)}?"
        samples.draw(place, "train", entry.index, words, "black")
    return figure


# Curves


def removal(job: Job[Any], result: Any) -> Any:
    """The effect of each scale on held-out samples, and the scale that was taken."""
    figure, grid = axes()
    place = grid[0, 0]
    sweep = sorted(result.sweep, key=lambda entry: entry.scale)
    scales = [entry.scale for entry in sweep]
    other = "triggered" if any("triggered" in entry.validation.json for entry in sweep) else "self"
    for name, colour in (("test", HELPFUL), (other, HARMFUL)):
        heights = [(entry.validation.json.get(name) or {}).get("accuracy") for entry in sweep]
        if any(height is not None for height in heights):
            words = {"test": "the rest", "self": "the group", "triggered": "with the trigger"}[name]
            place.plot(scales, floats(heights), "o-", color=colour, label=f"accuracy on {words}")
    place.plot(scales, floats([entry.score for entry in sweep]), "o--", color=PLAIN, label="score")
    place.axvline(result.scale, color="gray", linewidth=1, label=f"chosen: {result.scale:.4g}")
    if scales and min(scales) > 0:
        place.set_xscale("log")
    elif scales:
        place.set_xscale("symlog", linthresh=min([abs(scale) for scale in scales if scale] or [1]))
    place.set(
        xlabel="scale of the update",
        ylabel="on held-out samples",
        title=f"{job.kind} on {job.info.request.json['model']}",
    )
    place.legend(fontsize=8)
    return figure


def training(job: Job[Any], result: Any) -> Any:
    """Loss and accuracy after each epoch."""
    curve = result.curve
    figure, grid = axes(1, 2, (9, 3.5))
    epochs = [entry.epoch for entry in curve]
    for place, name in zip(grid[0], ("loss", "accuracy")):
        for words, colour, heights in (
            ("training", PLAIN, [entry.json.get(name) for entry in curve]),
            ("held out", HARMFUL, [(entry.json.get("validation") or {}).get(name) for entry in curve]),
        ):
            if any(height is not None for height in heights):
                place.plot(epochs, floats(heights), color=colour, label=words)
        place.set(xlabel="epoch", ylabel=name)
        place.xaxis.get_major_locator().set_params(integer=True)
        if place.lines:
            place.legend(fontsize=8)
    if any("gradient_norm" in entry.json for entry in curve):
        place = grid[0, 1]
        place.clear()
        place.plot(epochs, floats([entry.json.get("gradient_norm") for entry in curve]), color=PLAIN)
        place.set(xlabel="iteration", ylabel="‖∇R‖", yscale="log")
    return figure


def validation(job: Job[Any], result: Any) -> Any:
    """A point for each sample that was left out. On the line estimate and training agree."""
    figure, grid = axes(size=(5, 5))
    place = grid[0, 0]
    data = job.model.data
    for test in result.tests:
        if test.pairs:
            words = "mean" if test.index is None else f"{test.split} {test.index} {data.class_name(test.label)}"
            place.plot([pair.retrained for pair in test.pairs], [pair.estimated for pair in test.pairs], "o",
                       markersize=4, label=words)  # fmt: skip
    low, high = place.get_xlim()
    if low != high:
        place.axline((low, low), slope=1, color="gray", linewidth=1)
    place.set(xlabel="change of the loss after a training without the sample", ylabel="estimated change")
    if result.pearson is not None and result.spearman is not None:
        place.set_title(f"correlation {result.pearson:.3f}, of ranks {result.spearman:.3f}")
    if 0 < len(result.tests) <= 10:
        place.legend(fontsize=8)
    return figure


def spectrum(job: Job[Any], result: Any) -> Any:
    """Eigenvalues by falling magnitude, and their density."""
    density = job.array("density") if "density" in job.arrays else None
    figure, grid = axes(1, 1 if density is None else 2, (6 if density is None else 10, 4))
    for number, row in enumerate(result.spectra):
        values = numpy.asarray(row.eigenvalues, dtype=float)
        words = f"λ = {row.l2:g}"
        grid[0, 0].plot(numpy.arange(1, len(values) + 1), values, "o-", markersize=3, label=words)
        if density is not None:
            grid[0, 1].semilogy(density[number, 0], numpy.maximum(density[number, 1], 1e-12), label=words)
    grid[0, 0].axhline(0, color="gray", linewidth=1)
    grid[0, 0].set(
        xlabel="eigenvalue number", ylabel="eigenvalue", title=f"{result.hessian}, {result.parameters} parameters"
    )
    grid[0, 0].legend(fontsize=8)
    if density is not None:
        grid[0, 1].set(xlabel="eigenvalue", ylabel="density")
    return figure


def trajectory(job: Job[Any], result: Any) -> Any:
    """The first two free parameters while samples go, and the risk of the rest."""
    paths, risks = job.array("trajectories"), job.array("risks")
    figure, grid = axes(1, 2, (11, 4.5))
    steps = numpy.arange(paths.shape[1])
    for path, way, risk in zip(result.paths, paths, risks):
        style: dict[str, Any] = {"color": "black", "linewidth": 2} if path.estimator is None else {}
        second = way[:, 1] if way.shape[1] > 1 else steps
        grid[0, 0].plot(way[:, 0], second, label=path.path.replace("_", " "), **style)
        grid[0, 1].plot(steps, risk, **style)
    grid[0, 0].plot(*(paths[0, 0, :2] if paths.shape[2] > 1 else (paths[0, 0, 0], 0)), "k*", markersize=10)
    names = [f"{entry.tensor}[{entry.index}]" for entry in result.parameters]
    grid[0, 0].set(xlabel=names[0], ylabel=names[1] if len(names) > 1 else "step", title="from the star on")
    grid[0, 1].set(xlabel="step", ylabel="risk of the samples that remain")
    grid[0, 0].legend(fontsize=7)
    return figure


# Bars and squares


def bars(names: Sequence[str], values: Sequence[float | None], title: str) -> Any:
    figure, grid = axes(size=(7, 0.35 * len(names) + 1.2))
    heights = floats(values)
    colours = [HARMFUL if height < 0 else HELPFUL for height in heights]
    grid[0, 0].barh(range(len(names)), heights, color=colours)
    grid[0, 0].set_yticks(range(len(names)), names, fontsize=8)
    grid[0, 0].invert_yaxis()
    grid[0, 0].axvline(0, color="gray", linewidth=1)
    grid[0, 0].set_title(title, fontsize=10)
    return figure


def compare(job: Job[Any], result: Any) -> Any:
    """The mean score of each row, the best first."""
    rows = sorted(result.rows, key=lambda row: -(row.score.mean if row.score and row.score.mean is not None else -1))
    names = [f"{row.estimator} {100 * row.modification_ratio:g} % {row.selection}" for row in rows]
    return bars(names, [row.score.mean if row.score else None for row in rows], "score")


def domain_mismatch(job: Job[Any], result: Any) -> Any:
    """By how much the test loss would change without one sample of each group."""
    return bars([group.name for group in result.groups], [group.effect for group in result.groups],
                "change of the test loss without one sample")  # fmt: skip


def evaluation(job: Job[Any], result: Any) -> Any:
    """Rows are true classes, columns are classes that the network names."""
    if result.confusion is None:
        raise InfluencedError("there is no picture of an evaluation without classes")
    counts = numpy.asarray(result.confusion)
    data = job.service.dataset(result.dataset)
    names = [data.class_name(label) for label in range(len(counts))]
    side = min(10.0, 2 + 0.4 * len(counts))
    figure, grid = axes(size=(side, side))
    place = grid[0, 0]
    place.imshow(numpy.log1p(counts), cmap="Blues")
    if len(counts) <= 20:
        for (row, column), count in numpy.ndenumerate(counts):
            if count:
                place.text(column, row, str(count), ha="center", va="center", fontsize=7,
                           color="white" if count > counts.max() / 3 else "black")  # fmt: skip
        place.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
        place.set_yticks(range(len(names)), names, fontsize=8)
    accuracy = "" if result.accuracy is None else f", {100 * result.accuracy:.1f} % right"
    place.set(xlabel="class that the network names", ylabel="true class", title=f"{result.split}{accuracy}")
    return figure


def floats(values: Sequence[Any]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


PICTURES: dict[str, Callable[..., Any]] = {
    "influence": influence, "mislabeled": mislabeled, "remove": removal, "recover": removal, "train": training,
    "retrain": training, "evaluate": evaluation, "validate": validation, "compare": compare,
    "domain_mismatch": domain_mismatch, "spectrum": spectrum, "trajectory": trajectory,
}  # fmt: skip
