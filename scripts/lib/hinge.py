"""Estimates by smooth hinges beside retraining: hinge.py FOLDER WEIGHT_DECAY HUGE_DAMPING TEMPERATURE…
See scripts/experiments/hinge. Writes hinge.json into the folder and prints a table."""

import json
import pathlib
import sys

from arrays import dot, mean_and_deviation, pearson, read_npy, read_safetensors, spearman


def estimates(folder, temperature, seed, decay, huge, indices, samples):
    """Change of the test loss by leaving each of the samples out: (s·∇ℓ + λs·θ̂)/(n − 1)."""
    scores = read_npy(folder / f"hinge-scores-{temperature}-{seed}.npy")[1]
    factor = read_npy(folder / f"hinge-factors-{temperature}-{seed}.npy")[1]
    weights = read_safetensors(folder / f"hinge-weights-{seed}.safetensors")
    # At temperature 0 the Hessian is λI, and the scores were computed with that of the huge damping.
    factor_of = huge / decay if temperature == "0" else 1
    shift = decay * dot(factor, weights)
    return [factor_of * (scores[index] + shift) / (samples - 1) for index in indices]


def main(folder, decay, huge, *temperatures):
    folder, decay, huge = pathlib.Path(folder), float(decay), float(huge)
    draws = []
    for seed in range(3):
        result = json.loads((folder / f"hinge-retrained-{seed}.json").read_text())["result"]
        test = result["tests"][0]
        pairs = test["pairs"]
        retrained = [pair["retrained"] for pair in pairs]
        draw = {"seed": seed, "test": test["index"], "loss": test["loss"], "retrained": retrained, "estimated": {}}
        for temperature in temperatures:
            draw["estimated"][temperature] = estimates(
                folder, temperature, seed, decay, huge, [pair["train"] for pair in pairs], result["samples"]
            )
        draws.append(draw)
    (folder / "hinge.json").write_text(json.dumps({"temperatures": temperatures, "draws": draws}))
    print("  temperature        Pearson       Spearman   each Pearson")
    for temperature in temperatures:
        both = [(draw["estimated"][temperature], draw["retrained"]) for draw in draws]
        values = [pearson(*pair) for pair in both]
        print(
            f"  {temperature:>11}  {mean_and_deviation(values):>13}  {mean_and_deviation([spearman(*pair) for pair in both]):>13}   "
            + ", ".join(f"{value:.3f}" for value in values)
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
