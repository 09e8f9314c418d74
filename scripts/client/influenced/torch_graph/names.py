"""The names of the tensors of a graph."""

from typing import Any

ENDINGS = (
    "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias", "weight", "bias",
    "running_mean", "running_var", "num_batches_tracked",
    # Of recurrent networks.
    *(
        f"{tensor}_l{layer}{direction}" for layer in range(4) for direction in ("", "_reverse")
        for tensor in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ),
)  # fmt: skip


def tensor_names(graph: dict[str, Any], state: dict[str, Any]) -> list[str]:
    """The names of the tensors of a graph, in the order of its nodes, among those of a module."""
    names = []
    for node in graph["nodes"]:
        if node["op"] == "parameter":
            names.append(node.get("tensor", node["name"]))
        else:
            tensors = node.get("tensors", {})
            names += [tensors.get(ending, f"{node['name']}.{ending}") for ending in ENDINGS]
    return [name for name in dict.fromkeys(names) if name in state]
