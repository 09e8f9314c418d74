"""Products of a network's Hessian by PyTorch, and the same products from jobs of the service.

The service has no job that multiplies, but a solver that makes one step: LiSSA with c = δ and one step gives
x = g/δ − Hg/δ², for the gradient g of a test sample. So Hg = δ(g − δx). δ is about the size of H: then nothing is
lost to rounding.
"""

import torch


class Hardsigmoid(torch.nn.Module):
    """PyTorch's own has no second derivative."""

    def forward(self, x):
        return torch.nn.functional.relu6(x + 3) / 6


def reference(network, module, inputs, labels):
    """(g, Hg, δ) in float64, and how far PyTorch's own Hg in float32 is from it, as a share.

    g is the gradient of the first sample's loss, and H that of the mean loss, by parameter names. An input within
    float32's rounding of a kink, such as the 0 of ReLU, makes H another matrix in float32.
    """
    for name, layer in list(module.named_modules()):
        if isinstance(layer, torch.nn.Hardsigmoid):
            module.set_submodule(name, Hardsigmoid())
    single = products(network, module, inputs, labels)[1]
    module = module.double()
    g, hg, size = products(network, module, inputs.double() if inputs.is_floating_point() else inputs, labels)
    rounding = norm([single[name].double() - hg[name] for name in hg]) / norm(hg.values())
    return g, hg, size, float(rounding)


def products(network, module, inputs, labels):
    """(g, Hg, δ) in the module's precision."""
    named = dict(module.named_parameters())
    parameters = list(named.values())

    def loss(count):
        return torch.nn.functional.cross_entropy(network.outputs(module, inputs[:count]), labels[:count])

    def gradient(value, create_graph=False):
        return torch.autograd.grad(value, parameters, create_graph=create_graph, allow_unused=True)

    def zeros_for_none(parts):
        return [torch.zeros_like(own) if part is None else part.detach() for part, own in zip(parts, parameters)]

    # The other kernels of attention have no second derivative.
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        g = zeros_for_none(gradient(loss(1)))
        slopes = gradient(loss(len(inputs)), create_graph=True)

        def product(vector, keep):
            inner = sum((slope * part).sum() for slope, part in zip(slopes, vector) if slope is not None)
            return zeros_for_none(torch.autograd.grad(inner, parameters, retain_graph=keep, allow_unused=True))

        hg = product(g, True)
        hhg = product(hg, False)
    size = 1.5 * float((norm(hhg) / norm(g)).sqrt())
    return dict(zip(named, g)), dict(zip(named, hg)), size


def norm(parts):
    return torch.sqrt(sum((part.double() ** 2).sum() for part in parts))


def solve(client, model, checkpoint, damping):
    """x of the job for the first test sample, in the service's order of parameters."""
    job = client.json("POST", "/v1/jobs", {
        "kind": "influence", "model": model, "checkpoint": checkpoint, "test": {"indices": [0]},
        "train": {"indices": [0]}, "top": 1, "hessian": "hessian", "hessian_samples": "all", "damping": damping,
        "require_convergence": False,
        "solver": {
            "name": "lissa", "scale": damping, "iterations": 1, "corrections": 0, "batch_size": 1000000,
        },
    })  # fmt: skip
    return torch.from_numpy(client.array(f"/v1/jobs/{client.finish(job)['id']}/artifacts/factors.npy").reshape(-1))


def difference(expected, x, names):
    """The size of the error of Hg, as a share of Hg. `names` are the parameters in the order of x."""
    g, hg, size, _ = expected
    wrong, start = 0.0, 0
    for name in names:
        own = x[start : start + g[name].numel()].double().reshape(g[name].shape)
        start += g[name].numel()
        wrong += float(((size * (g[name] - size * own) - hg[name]) ** 2).sum())
    assert start == len(x), "the parameters of the network and of the model are not the same"
    return wrong**0.5 / float(norm(hg.values()))
