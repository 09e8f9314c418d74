"""Draws the pictures of the experiments: figures.py FOLDER OUT [NAME…]. See scripts/experiments/figures.

FOLDER has the jobs that the experiments kept. A picture whose jobs are not there is left out. The same jobs give the
same bytes.
"""

import io
import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy  # noqa: E402

# Okabe and Ito 2008: told apart by the colour-blind too. Shapes and dashes say the same again.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#777777"
PANEL = 2.5  # inches

plt.rcParams.update(
    {
        "svg.hashsalt": "influenced",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "lines.linewidth": 1.4,
        "lines.markersize": 4,
        "figure.constrained_layout.use": True,
        "path.simplify": True,
        "path.simplify_threshold": 0.3,
    }
)


class Kept:
    """The answers that experiments kept."""

    def __init__(self, folder):
        self.folder = folder

    def result(self, name):
        """The result of a job; None where it was not kept."""
        return (self.json(name) or {}).get("result")

    def request(self, name):
        return self.json(name)["request"]

    def json(self, name):
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def array(self, name):
        return numpy.load(self.folder / name)

    def names(self, prefix):
        return sorted(path.stem for path in self.folder.glob(f"{prefix}*.json"))

    def updates(self, member):
        """Estimator and result of each removal whose result has the member."""
        found = [(name.removeprefix("update-").upper(), self.result(name)) for name in self.names("update-")]
        return [(name, result) for name, result in found if result and result.get(member)]


def panels(columns, rows=1, width=PANEL, height=PANEL, **options):
    figure, axes = plt.subplots(rows, columns, figsize=(columns * width, rows * height), squeeze=False, **options)
    return figure, axes


def hide(axes):
    """Leaves the panels empty that a row has too many."""
    for axis in axes:
        axis.set_visible(False)


def correlations(first, second):
    """Pearson and Spearman."""
    def ranks(values):
        unique, place, count = numpy.unique(values, return_inverse=True, return_counts=True)
        last = numpy.cumsum(count)
        return (last - (count - 1) / 2)[place]

    return numpy.corrcoef(first, second)[0, 1], numpy.corrcoef(ranks(first), ranks(second))[0, 1]


def equality(axis, values):
    """The line on which estimates would be the truth, over the range of the values."""
    ends = [min(values), max(values)]
    axis.plot(ends, ends, color=GREY, linewidth=0.8, linestyle="--", zorder=0)


def scatter(axis, estimated, retrained, colour=BLUE, diagonal=True, says=True, **options):
    """Estimates against the truth, with the line on which they would be equal."""
    axis.scatter(retrained, estimated, s=11, color=colour, alpha=0.75, linewidths=0, **options)
    if diagonal:
        equality(axis, [*estimated, *retrained])
    if says:
        pearson, spearman = correlations(estimated, retrained)
        axis.text(
            0.03, 0.97, f"Pearson {pearson:.2f}\nSpearman {spearman:.2f}", transform=axis.transAxes, va="top", fontsize=7
        )
    axis.ticklabel_format(style="sci", scilimits=(-3, 4))
    axis.locator_params(nbins=5)


def means(values):
    """Means and standard deviations along the first axis."""
    values = numpy.asarray(values, dtype=float)
    deviation = values.std(axis=0, ddof=1) if len(values) > 1 else numpy.zeros(values.shape[1:])
    return values.mean(axis=0), deviation


# MARK: - Lyu et al. 2023


def linear_regression(kept):
    """Fig. 2: two weights of a linear regression while points of another distribution are taken out."""
    result = kept.result("linear-regression-1")
    if result is None:
        return None
    curve = result["curve"]
    removed = [row["removed"] for row in curve]
    figure, ((paths, gradients, risks),) = panels(3, width=2.6)
    paths.plot(
        [row["optimum"]["theta_1"] for row in curve], [row["optimum"]["theta_2"] for row in curve],
        color=BLACK, linewidth=3.2, alpha=0.25, label="constrained optimum",
    )  # fmt: skip
    for name, colour, dash in (("gif", BLUE, "-"), ("fif", ORANGE, "--"), ("pif", RED, "-.")):
        rows = [row[f"{name}_cumulative"] for row in curve]
        look = {"color": colour, "linestyle": dash, "linewidth": 1.2, "label": name.upper()}
        paths.plot([row["theta_1"] for row in rows], [row["theta_2"] for row in rows], **look)
        gradients.plot(removed, [row["gradient_norm"] for row in rows], **look)
        excess = [row["risk"] - own["optimum"]["risk"] for row, own in zip(rows, curve)]
        risks.plot(removed, excess, **look)
    start = curve[0]["optimum"]
    paths.plot(start["theta_1"], start["theta_2"], "o", color=BLACK, markersize=4)
    paths.annotate("all points", (start["theta_1"], start["theta_2"]), (-6, -3), textcoords="offset points", ha="right", fontsize=7)
    paths.set(xlabel="weight 1", ylabel="weight 2", title="paths of the two free weights")
    figure.legend(*paths.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    gradients.set(xlabel="points taken out", ylabel="norm of the whole gradient", title="what GIF minimises")
    risks.set(xlabel="points taken out", ylabel="risk above the optimum's", title="what FIF minimises")
    return figure


def spectrum(kept):
    """Fig. 3: negative eigenvalues against the weight of L2, for both losses."""
    names = [name for name in kept.names("spectrum-") if name.removeprefix("spectrum-").isdigit()]
    if not names:
        return None
    results = [kept.result(name) for name in names]
    requests = kept.request(names[0])
    losses, weights = requests["loss"], requests["l2"]
    titles = {"cross_entropy": "cross-entropy", "mse": "squared error"}
    looks = {"cross_entropy": (BLUE, "o", "-"), "mse": (ORANGE, "s", "--")}
    figure, (axes,) = panels(1 + len(losses), width=2.6)
    places = numpy.arange(len(weights))
    for loss in losses:
        rows = [[row for row in result["spectra"] if row["loss"] == loss] for result in results]
        shares = [[100 * row["negative_share"] for row in own] for own in rows]
        mean, deviation = means(shares)
        colour, marker, dash = looks[loss]
        axes[0].errorbar(
            places, mean, deviation, color=colour, marker=marker, linestyle=dash, capsize=2.5, label=titles[loss]
        )
    axes[0].set_xticks(places, [f"{weight:g}" for weight in weights])
    axes[0].set(xlabel="weight of L2, λ", ylabel="negative eigenvalues / %", title="trained anew for each")
    axes[0].set_ylim(bottom=0)
    axes[0].legend()
    # [loss, λ, place] of the first seed.
    eigenvalues = kept.array(f"spectrum-eigenvalues-{names[0].removeprefix('spectrum-')}.npy")
    shades = [BLACK, BLUE, GREEN, RED]
    for place, loss in enumerate(losses):
        axis = axes[1 + place]
        for index, weight in enumerate(weights):
            values = numpy.sort(eigenvalues[place, index])
            # Steps that the eye cannot tell apart would only make the file larger.
            chosen = numpy.unique(numpy.concatenate([numpy.arange(0, len(values), 6), [len(values) - 1]]))
            axis.plot(
                values[chosen], 100 * (chosen + 1) / len(values), color=shades[index % 4],
                linestyle=["-", "--", "-.", ":"][index % 4], label=f"λ = {weight:g}", linewidth=1.2,
            )  # fmt: skip
        axis.axvline(0, color=GREY, linewidth=0.6)
        axis.set_xscale("symlog", linthresh=0.01, linscale=0.7)
        axis.set_xticks([-0.1, -0.01, 0, 0.01, 0.1, 1, 10], ["−0.1", "−.01", "0", ".01", "0.1", "1", "10"])
        axis.minorticks_off()
        axis.set(xlabel="eigenvalue", ylabel="eigenvalues at most so large / %", title=titles[loss], ylim=(0, 101))
    axes[1].legend(loc="lower right")
    return figure


def scale_curves(kept):
    """Fig. 4: accuracies and losses against the scale of the update, a column an estimator."""
    found = kept.updates("curve")
    if not found:
        return None
    figure, axes = panels(max(2, len(found)), 2, width=2.4, height=2, sharey="row")
    for (name, result), above, below in zip(found, *axes):
        curve = sorted(result["curve"], key=lambda row: row["scale"])
        scales = [row["scale"] for row in curve]
        for part, title, colour, marker, dash in (("test", "other classes", BLUE, "o", "-"), ("self", "removed class", RED, "s", "--")):
            look = {"color": colour, "marker": marker, "linestyle": dash, "label": title, "markersize": 3}
            above.plot(scales, [100 * row[f"{part}_accuracy"] for row in curve], **look)
            below.plot(scales, [row[f"{part}_loss"] for row in curve], **look)
        for axis in (above, below):
            if result.get("scale") is not None:
                axis.axvline(result["scale"], color=GREY, linewidth=0.9, linestyle=":")
            scale_axis(axis, scales)
        above.set(title=name, ylim=(-3, 103))
        below.set(xlabel="scale of the update")
        below.set_yscale("log")
    axes[0][0].set(ylabel="test accuracy / %")
    axes[1][0].set(ylabel="test loss")
    axes[1][0].legend(loc="upper left")
    hide(axes[:, len(found) :].flat)
    return figure


def scale_axis(axis, scales):
    """Scales from 0 over some powers of ten: linear up to the smallest, logarithmic from there."""
    positive = [scale for scale in scales if scale > 0]
    if not positive or max(positive) / min(positive) < 20:
        return
    smallest, largest = min(positive), max(positive)
    axis.set_xscale("symlog", linthresh=smallest, linscale=0.4)
    powers = [10.0**power for power in range(-6, 7)]
    ticks = [tick for tick in powers if smallest <= tick <= largest * 1.001]
    axis.set_xticks([0] + ticks, ["0"] + [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlim(-0.15 * smallest, largest * 1.15)


def layers(kept):
    """Relative change of every layer by an update."""
    found = kept.updates("layers")
    if not found:
        return None
    most = max(len(result["layers"]) for _, result in found)
    figure, axes = panels(1, len(found), width=max(4, 0.3 * most + 1.2), height=2.2)
    for (name, result), (axis,) in zip(found, axes):
        rows = [row for row in result["layers"] if row.get("relative_change") is not None]
        places = numpy.arange(len(rows))
        axis.bar(places, [row["relative_change"] for row in rows], color=BLUE, width=0.7)
        axis.set_xticks(places, [row["name"] for row in rows], rotation=60, ha="right", rotation_mode="anchor", fontsize=6.5)
        axis.grid(False, axis="x")
        axis.set(ylabel="‖change‖ / ‖weights‖", title=name)
    return figure


# MARK: - Basu, Pope and Feizi 2021


def iris_scatter(kept):
    """Fig. 1: estimated against retrained, with and without weight decay."""
    found = [(title, kept.result(f"iris-scatter-{name}")) for name, title in (("decay", "weight decay 0.005"), ("plain", "no weight decay"))]
    if any(result is None for _, result in found):
        return None
    figure, (axes,) = panels(4, width=2.35, height=2.5)
    for place, (title, result) in enumerate(found):
        pairs = result["tests"][0]["pairs"]
        colour = (BLUE, RED)[place]
        scatter(axes[place], [pair["estimated_norm"] for pair in pairs], [pair["retrained_norm"] for pair in pairs], colour)
        axes[place].set(xlabel="‖change of θ‖, retrained", ylabel="‖change of θ‖, estimated", title=title)
        scatter(axes[2 + place], [pair["estimated"] for pair in pairs], [pair["retrained"] for pair in pairs], colour)
        axes[2 + place].set(xlabel="change of test loss, retrained", ylabel="change of test loss, estimated", title=title)
    return figure


def iris_size(kept):
    """Fig. 2, 4 and 5: correlation against depth and width, with the largest eigenvalue."""
    depth, width = kept.result("iris-depth"), kept.result("iris-width")
    if depth is None or width is None:
        return None
    figure, ((depths, eigenvalues, widths),) = panels(3, width=2.6)

    def draw(axis, result, size):
        rows = result["summary"]
        sizes = [size(row["architecture"]["hidden"]) for row in rows]
        for name, colour, marker, dash in (("spearman", BLUE, "o", "-"), ("pearson", ORANGE, "s", "--")):
            axis.errorbar(
                sizes, [row[name] for row in rows], [row[f"{name}_deviation"] for row in rows],
                color=colour, marker=marker, linestyle=dash, capsize=2.5, label=name.capitalize(),
            )  # fmt: skip
        axis.set(ylabel="correlation with retraining", ylim=(-0.5, 1.1))
        axis.legend(loc="lower left")
        return sizes, rows

    sizes, rows = draw(depths, depth, len)
    depths.set(xlabel="hidden layers of width 5", title="depth")
    eigenvalues.errorbar(
        sizes, [row["largest"] for row in rows], [row["largest_deviation"] for row in rows], color=GREEN, marker="^", capsize=2.5
    )
    eigenvalues.set(xlabel="hidden layers of width 5", ylabel="largest eigenvalue of the Hessian", title="curvature", ylim=(0, None))
    sizes, rows = draw(widths, width, lambda hidden: hidden[0])
    widths.set(xlabel="width of one hidden layer", title="width")
    return figure


def fragility(kept):
    """Table 1: estimates against retraining, a panel a test point."""
    found = [(name, kept.result(name)) for name in kept.names("fragility-")]
    tests = [(name, test) for name, result in found if result for test in result.get("tests", []) if len(test.get("pairs", [])) > 1]
    if not tests:
        return None
    columns = min(4, len(tests))
    figure, axes = panels(columns, -(-len(tests) // columns), width=2.35, height=2.4)
    for axis, (name, test) in zip(axes.flat, tests):
        pairs = test["pairs"]
        scatter(axis, [pair["estimated"] for pair in pairs], [pair["retrained"] for pair in pairs])
        axis.set(xlabel="change of test loss, retrained", ylabel="estimated", title=name.removeprefix("fragility-"))
        axis.title.set_fontsize(7.5)
    hide(axes.flat[len(tests) :])
    return figure


# MARK: - Koh and Liang 2017


def mislabeled(kept):
    """Fig. 6: flipped labels found against samples inspected, and what putting them right does."""
    looks = (("self_influence", "self-influence", BLUE, "o", "-"), ("loss", "loss", ORANGE, "s", "--"), ("random", "chance", GREY, "^", ":"))
    found = {}
    for method, *_ in looks:
        found[method] = [kept.result(name) for name in kept.names(f"mislabeled-{method}-")]
        if not found[method]:
            return None
    figure, ((shares, accuracies),) = panels(2, width=3.2, height=2.6)
    for method, title, colour, marker, dash in looks:
        results = found[method]
        inspected = [100 * row["inspected"] for row in results[0]["curve"]]
        mean, deviation = means([[100 * row["found"] for row in result["curve"]] for result in results])
        shares.plot(inspected, mean, color=colour, linestyle=dash, label=title)
        shares.fill_between(inspected, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0)
        places = [0] + [100 * row["inspected"] for row in results[0]["fixed"]]
        mean, deviation = means(
            [[100 * result["before"]["accuracy"]] + [100 * row["test"]["accuracy"] for row in result["fixed"]] for result in results]
        )
        accuracies.errorbar(places, mean, deviation, color=colour, marker=marker, linestyle=dash, capsize=2.5, label=title)
    shares.set(xlabel="training samples inspected / %", ylabel="flipped labels found / %", xlim=(0, 60), ylim=(0, 102))
    accuracies.set(xlabel="training samples inspected and put right / %", ylabel="test accuracy / %")
    figure.legend(*shares.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def hinge(kept):
    """Fig. 3: estimates by smooth hinges against leave-one-out."""
    data = kept.json("hinge")
    if data is None:
        return None
    names = data["temperatures"]
    figure, (axes,) = panels(len(names), width=2.35, height=2.5)
    for axis, name in zip(axes, names):
        values = []
        for draw, colour, marker in zip(data["draws"], (BLUE, ORANGE, GREEN), "os^"):
            estimated = draw["estimated"][name]
            scatter(axis, estimated, draw["retrained"], colour, diagonal=False, says=False, marker=marker)
            values.append(correlations(estimated, draw["retrained"])[0])
        equality(axis, [change for draw in data["draws"] for change in draw["retrained"]])
        axis.text(0.03, 0.97, "Pearson " + ", ".join(f"{value:.2f}" for value in values), transform=axis.transAxes, va="top", fontsize=7)
        axis.set(
            xlabel="change of test loss, retrained", ylabel="estimated",
            title="hinge: no curvature" if name == "0" else f"smooth hinge, t = {name}",
        )  # fmt: skip
    return figure


def distance(kept):
    """Fig. 1: what each factor of the influence does; against influence above, against retraining below."""
    data = kept.json("distance")
    if data is None:
        return None
    first = data["panels"][0]["test"]
    own = [panel for panel in data["panels"] if panel["test"] == first]
    above = [panel for panel in own if "influence" in panel]
    below = [panel for panel in own if "retrained" in panel]
    columns = max(len(above), len(below))
    figure, axes = panels(columns, 2, width=2, height=2.1)

    def points(axis, x, y, same):
        for is_same, colour, marker, title in ((True, GREEN, "o", "training pictures of the test picture's class"), (False, RED, "^", "of the other class")):
            chosen = [place for place, value in enumerate(same) if value == is_same]
            axis.scatter(
                [x[place] for place in chosen], [y[place] for place in chosen],
                s=9, color=colour, marker=marker, alpha=0.6, linewidths=0, label=title,
            )  # fmt: skip
        axis.locator_params(nbins=4)
        axis.axhline(0, color=GREY, linewidth=0.5)
        axis.axvline(0, color=GREY, linewidth=0.5)

    for axis, panel in zip(axes[0], above):
        points(axis, panel["influence"], panel["value"], panel["same"])
        axis.set(xlabel="influence", ylabel=data["measures"][panel["measure"]])
    hide(axes[0][len(above) :])
    for axis, panel in zip(axes[1], below):
        changes = [1000 * change for change in panel["retrained"]]
        points(axis, changes, panel["value"], panel["same"])
        pearson, _ = correlations(panel["value"], changes)
        axis.set(xlabel="change of test loss / 0.001", ylabel=data["measures"][panel["measure"]], title=f"Pearson {pearson:.2f}")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def attack(kept):
    """§5.2: test pictures misread after training pictures were changed."""
    looks = {"logistic": ("logistic regression, 1 or 7", BLUE, "o", "-"), "softmax": ("softmax regression, ten digits", ORANGE, "s", "--")}
    counts = (1, 2, 10)
    figure, ((axis,),) = panels(1, width=4.2, height=2.8)
    drawn = False
    for kind, (title, colour, marker, dash) in looks.items():
        shares = []
        for count in counts:
            results = [kept.result(name) for name in kept.names(f"attack-{kind}-{count}-")]
            right = [test for result in results for test in result["tests"] if test["control"]["predicted"] == test["label"]]
            misread = [test for test in right if test["predicted_after"] != test["label"]]
            shares.append(100 * len(misread) / len(right) if right else None)
        if all(share is not None for share in shares):
            axis.plot(range(3), shares, color=colour, marker=marker, linestyle=dash, label=f"{title},\nε = 0.3 of a pixel's range")
            drawn = True
    if not drawn:
        plt.close(figure)
        return None
    axis.plot(range(3), (57, 77, 100 * 590 / 591), color=GREY, marker="x", linestyle=":", label="published: Inception features,\ndog or fish, ε = 0.5/255")
    axis.set_xticks(range(3), counts)
    axis.set(xlabel="training pictures changed for each test picture", ylabel="test pictures misread / %", ylim=(-3, 103))
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.set_size_inches(5.6, 2.8)
    return figure


def domain_mismatch(kept):
    """§5.3: influence of single training samples on test points of a domain that is nearly missing."""
    data = kept.json("domain-mismatch")
    if data is None:
        return None
    draws = data["draws"]
    figure, (axes,) = panels(len(draws), width=2.6, sharey=True)
    for axis, draw in zip(axes, draws):
        axis.hlines(0, 0, len(draw["values"]) + 1, color=GREY, linewidth=0.5)
        for kind, colour, marker, title in (("other", SKY, "o", "usual"), ("wrong", RED, "v", "of the domain, the other class"), ("right", GREEN, "^", "of the domain, the test points' class")):
            places = [place for place, value in enumerate(draw["kinds"]) if value == kind]
            axis.scatter([place + 1 for place in places], [draw["values"][place] for place in places], color=colour, marker=marker, s=26 if kind != "other" else 10, linewidths=0, label=title)
        axis.set(xlabel="training samples by size of influence", title=f"draw {draw['seed']}")
    axes[0].set(ylabel="influence on the test points' loss")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


FIGURES = {
    "linear-regression": linear_regression,
    "spectrum": spectrum,
    "scale-curves": scale_curves,
    "layers": layers,
    "iris-scatter": iris_scatter,
    "iris-size": iris_size,
    "fragility": fragility,
    "mislabeled": mislabeled,
    "hinge": hinge,
    "distance": distance,
    "attack": attack,
    "domain-mismatch": domain_mismatch,
}


def shortened(drawing):
    """The same picture in fewer bytes: coordinates to a hundredth of a point, no indentation, and the look of each kind of marker
    once instead of at every marker."""
    def round_numbers(attribute):
        return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", attribute[0])

    drawing = re.sub(r"\n +", "\n", re.sub(r'\s(?:x|y|d)="[^"]*"', round_numbers, drawing))
    classes = {}

    def name_look(use):
        return f'{use[1]} class="{classes.setdefault(use[2], f"m{len(classes)}")}"/>'

    drawing = re.sub(r'(<use [^>]*?) style="([^"]*)"/>', name_look, drawing)
    rules = "".join(f".{name}{{{look}}}" for look, name in classes.items())
    return drawing.replace("</style>", rules + "</style>", 1)


def main(folder, out, *names):
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no picture is called {unknown[0]}: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    kept, out = Kept(pathlib.Path(folder)), pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in names or FIGURES:
        figure = FIGURES[name](kept)
        if figure is None:
            print(f"  {name}: nothing was kept for it")
            continue
        path = out / f"{name}.svg"
        drawing = io.StringIO()
        figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
        path.write_text(shortened(drawing.getvalue()), encoding="utf-8")
        print(f"  {name}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
