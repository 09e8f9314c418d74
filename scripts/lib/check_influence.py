"""Compares influence jobs of a running service with dense algebra on PyTorch's derivatives:
check_influence.py URL [NAME…]. See scripts/check-influence."""

import os
import sys

import numpy
import safetensors.torch
import torch
from torch.func import functional_call, hessian, jacrev, vmap

import pytorch_modules as modules
from service_client import Failure, run_checks

CONVOLUTIONS = [
    {"type": "conv2d", "out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1},
    {"type": "batch_norm2d"},
    {"type": "tanh"},
    {
        "type": "residual",
        "layers": [{"type": "conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}, {"type": "tanh"}],
    },
    {"type": "avg_pool2d", "kernel_size": 2},
    {"type": "flatten"},
    {"type": "linear", "out_features": 3},
]

DAMPING = 0.05
DECAY = 0.01


def logistic(shape):
    return torch.nn.Sequential(*([] if len(shape) == 1 else [torch.nn.Flatten()]), torch.nn.Linear(int(numpy.prod(shape)), 3))


class Case:
    """A network, its loss, and the solver whose answers are compared with the dense ones."""

    def __init__(self, architecture, shape, module, precision="float64", loss="cross_entropy", curvature="hessian", solver="cg"):
        self.architecture = architecture
        self.shape = shape
        self.module = module
        self.precision = precision
        self.loss = loss
        self.curvature = curvature
        # As far as float32 goes, where rankings by default stop sooner.
        small = {"tolerance": 1e-6} if precision == "float32" else {}
        self.solver = {"name": solver, **small}
        self.tolerance = 1e-8 if precision == "float64" else 1e-5


CASES = {
    "logistic": Case("logistic", (7,), logistic),
    "hinge": Case("logistic", (7,), logistic, loss={"name": "hinge", "temperature": 0.1}, solver="direct"),
    "logistic32": Case("logistic", (7,), logistic, precision="float32"),
    "network": Case({"layers": CONVOLUTIONS}, (2, 9, 9), lambda shape: modules.sequential(CONVOLUTIONS, shape), solver="minres"),
    "gauss-newton": Case(
        {"layers": CONVOLUTIONS}, (2, 9, 9), lambda shape: modules.sequential(CONVOLUTIONS, shape), curvature="gauss_newton"
    ),
}


def sample_loss(case):
    """The loss of one row of outputs."""
    if case.loss == "cross_entropy":
        return lambda f, y: torch.nn.functional.cross_entropy(f[None], y[None])
    t = case.loss["temperature"]

    def hinge(f, y):
        sign = torch.where(torch.arange(3) == y, 1.0, -1.0).to(f.dtype)
        return (t * torch.nn.functional.softplus((1 - sign * f) / t)).sum()

    return hinge


class Reference:
    """Everything by dense matrices in float64."""

    def __init__(self, case, tensors):
        self.module = case.module(case.shape).double().eval()
        self.module.load_state_dict({name: value.double() if value.is_floating_point() else value for name, value in tensors.items()})
        self.names = [name for name, _ in self.module.named_parameters()]
        self.shapes = [value.shape for _, value in self.module.named_parameters()]
        self.theta = torch.cat([value.detach().reshape(-1) for _, value in self.module.named_parameters()])
        self.buffers = dict(self.module.named_buffers())
        self.loss = sample_loss(case)

    def outputs(self, theta, x):
        parts = torch.split(theta, [int(numpy.prod(shape)) for shape in self.shapes])
        parameters = {name: part.reshape(shape) for name, part, shape in zip(self.names, parts, self.shapes)}
        return functional_call(self.module, {**parameters, **self.buffers}, (x[None],))[0]

    def sample(self, theta, x, y):
        return self.loss(self.outputs(theta, x), y)

    def gradients(self, x, y):
        return vmap(lambda a, b: jacrev(self.sample)(self.theta, a, b))(x, y)

    def hessian(self, x, y):
        return hessian(lambda theta: vmap(lambda a, b: self.sample(theta, a, b))(x, y).mean())(self.theta)

    def gauss_newton(self, x, y):
        total = torch.zeros(len(self.theta), len(self.theta), dtype=torch.float64)
        for a, b in zip(x, y):
            jacobian = jacrev(self.outputs)(self.theta, a)
            total += jacobian.T @ hessian(self.loss)(self.outputs(self.theta, a), b) @ jacobian
        return total / len(x)

    def perturbations(self, factor, x, y):
        """∇ₓ(sᵀ∇ℓ) of every sample."""

        def along(a, b):
            return jacrev(self.sample)(self.theta, a, b) @ factor

        return vmap(jacrev(along))(x, y)


def judge(what, ours, theirs, tolerance):
    """Prints and judges the largest difference as a share of the largest value."""
    if ours.shape != theirs.shape:
        raise Failure(f"{what}: the service gives the shape {theirs.shape}, PyTorch {ours.shape}")
    difference = float(numpy.abs(ours - theirs).max() / numpy.abs(ours).max())
    good = difference <= tolerance
    print(f"    {what:<24} largest relative difference {difference:.1e}  {'ok' if good else 'DIFFERS'}")
    return good


def check(client, name, case, made):
    print(f"  {name}: {case.curvature}, {case.solver}, {case.precision}")
    generator = numpy.random.default_rng(5)
    dataset = f"influence-check-{name}-{os.getpid()}"
    made.append(f"/v1/datasets/{dataset}")
    arrays = {}
    for split, count in (("train", 60), ("test", 6)):
        labels = (numpy.arange(count) % 3).astype(numpy.int64)
        patterns = numpy.random.default_rng(7).normal(size=(3, *case.shape))
        values = (0.5 * patterns[labels] + generator.normal(size=(count, *case.shape))).astype(case.precision)
        arrays[split] = (torch.from_numpy(values).double(), torch.from_numpy(labels))
        client.put_array(f"/v1/datasets/{dataset}/{split}/inputs", values)
        client.put_array(f"/v1/datasets/{dataset}/{split}/labels", labels)
    body = {
        "name": dataset, "dataset": dataset, "architecture": case.architecture, "precision": case.precision,
        "loss": case.loss, "weight_decay": DECAY, "seed": 1,
        "training": {"learning_rate": 0.05, "epochs": 20, "batch_size": 20, "validation": 0},
    }  # fmt: skip
    job = client.json("POST", "/v1/models", body)
    made.append(f"/v1/models/{dataset}")
    checkpoint = client.finish(job)["result"]["checkpoint"]
    reference = Reference(case, safetensors.torch.load(client.call("GET", f"/v1/checkpoints/{checkpoint}/weights")))

    (x, y), (tx, ty) = arrays["train"], arrays["test"]
    matrix = reference.gauss_newton(x, y) if case.curvature == "gauss_newton" else reference.hessian(x, y)
    matrix = matrix + DECAY * torch.eye(len(matrix), dtype=torch.float64)
    damped = matrix + DAMPING * torch.eye(len(matrix), dtype=torch.float64)
    train, test = reference.gradients(x, y), reference.gradients(tx, ty)
    factors = torch.linalg.solve(damped, test.T).T

    common = {
        "model": dataset, "damping": DAMPING, "hessian": case.curvature, "hessian_samples": "all", "solver": case.solver,
        "test": {"indices": list(range(len(ty)))},
    }  # fmt: skip

    def run(**members):
        job = client.finish(client.json("POST", "/v1/jobs", {**common, **members}))
        return job, lambda artifact: client.array(f"/v1/jobs/{job['id']}/artifacts/{artifact}")

    good = True
    job, array = run(kind="influence", self_influence=True)
    if not all(row["solver"]["converged"] for row in job["result"]["tests"]):
        print("    a solve did not converge  DIFFERS")
        good = False
    good &= judge("factors", factors.numpy(), array("factors.npy"), case.tolerance)
    good &= judge("scores", (factors @ train.T).numpy(), array("scores.npy"), case.tolerance)
    own = (train * torch.linalg.solve(damped, train.T).T).sum(1)
    good &= judge("self-influence", own.numpy(), array("self_influence.npy").reshape(-1), case.tolerance)
    _, array = run(kind="influence", influence="perturbation")
    theirs = torch.stack([reference.perturbations(factor, x, y) for factor in factors])
    good &= judge("perturbation", theirs.numpy(), array("scores.npy"), case.tolerance)

    values = torch.linalg.eigvalsh(matrix).numpy()
    values = values[numpy.argsort(-numpy.abs(values))][:8]
    job = client.finish(
        client.json(
            "POST", "/v1/jobs",
            {"kind": "spectrum", "model": dataset, "count": 8, "hessian": case.curvature, "hessian_samples": "all"},
        )
    )  # fmt: skip
    theirs = client.array(f"/v1/jobs/{job['id']}/artifacts/eigenvalues.npy").reshape(-1)
    good &= judge("eigenvalues", values, theirs, case.tolerance)
    return good


def main():
    url = sys.argv[1]
    title = f"PyTorch {torch.__version__} with dense matrices in float64, and the service at {url}"
    return run_checks(url, sys.argv[2:], CASES, title, check)


if __name__ == "__main__":
    sys.exit(main())
