"""The networks of `check-onnx`, each with the exporters that write it.

- `write(path, exporter)` writes the file and gives samples in PyTorch's order; None if a package is missing.
- `finish(outputs)` makes of the network's scores what the file's output number `output` is.
- `file_input(samples)` gives the file's input, and `batch` says how many samples the file takes at once.
"""

import os
import subprocess
import sys

import numpy
import torch

from networks import CLASSES, NETWORKS as MODULES

SAMPLES = 4


def same(values):
    return values


def softmax(scores):
    exponentials = numpy.exp(scores - scores.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def two_classes(score):
    """Probabilities of two classes from one score."""
    positive = 1 / (1 + numpy.exp(-score))
    return numpy.concatenate([1 - positive, positive], 1)


class Torch:
    """A network of PyTorch. `script` is the exporter of TorchScript, `dynamo` that of `torch.export`."""

    output = 0
    finish = staticmethod(same)
    file_input = staticmethod(same)

    def __init__(self, network, exporters=("script-17", "dynamo-18")):
        self.network = network
        self.exporters = exporters
        self.batch = SAMPLES

    def write(self, path, exporter):
        """An exporter is a kind, the version of the operations, and how the batch is written: as a name, `fixed` for a
        number, or `one`."""
        generator = torch.Generator().manual_seed(0)
        module = self.network.module(generator)
        samples = self.network.draw(SAMPLES, generator)
        kind, opset, *form = exporter.split("-")
        self.batch = 1 if form == ["one"] else SAMPLES
        example = (samples[: self.batch],)
        if kind == "script":
            torch.onnx.export(
                Scores(module), example, path, dynamo=False, opset_version=int(opset), input_names=["x"],
                output_names=["scores"],
                dynamic_axes=None if form else {"x": {0: "batch"}, "scores": {0: "batch"}})  # fmt: skip
        else:
            torch.onnx.export(
                Scores(module), example, path, dynamo=True, opset_version=int(opset), external_data=False,
                verbose=False, dynamic_shapes=None if form else ({0: torch.export.Dim("batch")},))  # fmt: skip
        return samples.numpy()


class Scores(torch.nn.Module):
    """A module that gives class scores alone."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        result = self.module(x)
        return result if isinstance(result, torch.Tensor) else result.logits


class Made:
    """A module of this file with random inputs of some sizes."""

    is_batched = True

    def __init__(self, make, *sizes):
        self.make = make
        self.sizes = sizes

    def module(self, generator):
        torch.manual_seed(0)
        module = self.make().eval()
        with torch.no_grad():
            for parameter in module.parameters():
                if parameter.dim() == 1:
                    parameter.uniform_(0.2, 0.6, generator=generator)
            for buffer in module.buffers():
                if buffer.is_floating_point():
                    buffer.uniform_(0.5, 1, generator=generator)
        return module

    def draw(self, count, generator):
        return torch.randn(count, *self.sizes, generator=generator)


class Recurrent(torch.nn.Module):
    """Two recurrent layers over a sequence, and a linear layer of the last state."""

    def __init__(self, kind, bidirectional):
        super().__init__()
        self.first = kind(5, 6, batch_first=True, bidirectional=bidirectional, num_layers=2)
        self.head = torch.nn.Linear(12 if bidirectional else 6, CLASSES)

    def forward(self, x):
        states, last = self.first(x.unflatten(1, (7, 5)))
        last = last[0] if isinstance(last, tuple) else last
        return self.head(states.mean(1)) + last[-1].sum(1, keepdim=True)


class UNet(torch.nn.Module):
    """Convolutions down and up again, with every way of changing the resolution."""

    def __init__(self):
        super().__init__()
        n = torch.nn
        self.down = n.Sequential(n.Conv2d(3, 8, 3, padding=1, stride=2), n.GroupNorm(2, 8), n.SiLU())
        self.deep = n.Sequential(n.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2), n.InstanceNorm2d(8, affine=True), n.PReLU(8))
        self.up = n.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
        self.mix = n.Conv2d(4 + 8 + 8, 6, 1, bias=False)
        self.head = n.Linear(6, CLASSES)

    def forward(self, x):
        f = torch.nn.functional
        a = self.down(x)
        b = self.deep(a)
        c = self.up(b)
        d = f.interpolate(b, scale_factor=2, mode="nearest")
        e = f.interpolate(f.avg_pool2d(a, 3, 1, 1), size=(16, 16), mode="bilinear", align_corners=False)
        y = f.hardswish(self.mix(torch.cat([c, d, e], 1)))
        y = f.pad(y, (1, 2, 0, 1), mode="reflect")
        return self.head(f.max_pool2d(y, 3, 2, 1).mean((2, 3)))


class Odd(torch.nn.Module):
    """Functions and views that exporters write out."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(4, 6, 5))
        self.scale = torch.nn.Parameter(torch.randn(6))
        self.norm = torch.nn.LayerNorm(5)
        self.head = torch.nn.Linear(30, CLASSES)

    def forward(self, x):
        x = x.view(x.size(0), 4, 6)
        y = torch.einsum("bci,cio->bio", x, self.weight)
        y = torch.nn.functional.gelu(self.norm(y), approximate="tanh") * self.scale[:, None]
        y = torch.where(y > 0, y, torch.nn.functional.softplus(y) - y.clamp(-1, 0.5))
        first, rest = y.split([2, 4], 1)
        y = torch.cat([rest.flip(1), first.roll(1, 2)], 1)
        y = y / (y.norm(dim=2, keepdim=True) + 0.1) + torch.tril(y @ y.transpose(1, 2))[:, :, :5]
        return self.head(y.flatten(1)) + y.amax((1, 2)).unsqueeze(1)


def sequential(*sizes):
    layers = [torch.nn.Flatten()]
    for before, after in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(before, after), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1], torch.nn.Softmax(1))


class Probabilities(Torch):
    finish = staticmethod(softmax)


class LogProbabilities(Torch):
    finish = staticmethod(lambda scores: numpy.log(softmax(scores)))


class SkLearn:
    exporters = ("skl2onnx",)
    batch = SAMPLES
    missing = "there is no skl2onnx"
    file_input = staticmethod(same)

    def __init__(self, make, classes, output=1, finish=same, **options):
        self.make = make
        self.classes = classes
        self.output = output
        self.finish = finish
        self.options = options

    def write(self, path, exporter):
        try:
            import skl2onnx
        except ImportError:
            return None
        draw = numpy.random.default_rng(0)
        x = draw.normal(size=(200, 6)).astype(numpy.float32)
        if self.classes:
            y = (x[:, 0] + draw.normal(size=200) > 0).astype(int) + (x[:, 1] > 0.5) * (self.classes > 2)
        else:
            y = x[:, :2] @ numpy.array([[1.0], [2.0]]) + draw.normal(size=(200, 1))
        model = self.make().fit(x, y if self.classes else y.ravel())
        options = {id(model): self.options} if self.options else None
        onnx = skl2onnx.to_onnx(model, x[:1], options=options)
        path.write_bytes(onnx.SerializeToString())
        return x[:SAMPLES]


def sk(path, **options):
    def make():
        import importlib

        module, name = path.rsplit(".", 1)
        return getattr(importlib.import_module(f"sklearn.{module}"), name)(**options)

    return make


def scaled(make):
    def pipeline():
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), make())

    return pipeline


class Keras:
    """A network of Keras through tf2onnx, with the Python that KERAS_PYTHON names, else this one."""

    exporters = ("tf2onnx",)
    output = 0
    batch = SAMPLES
    missing = "there is no tensorflow or tf2onnx (another Python may be named by KERAS_PYTHON)"

    def __init__(self, name, sizes, finish=softmax):
        self.name = name
        self.sizes = sizes
        self.finish = finish

    def file_input(self, samples):
        return samples.transpose(0, 2, 3, 1) if samples.ndim == 4 else samples.reshape(len(samples), *self.sizes)

    def write(self, path, exporter):
        python = os.environ.get("KERAS_PYTHON", sys.executable)
        program = os.path.join(os.path.dirname(__file__), "onnx_keras.py")
        done = subprocess.run([python, program, self.name, path], capture_output=True, text=True)
        if done.returncode == 3:
            return None
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        sizes = self.sizes
        draw = numpy.random.default_rng(0)
        if len(sizes) == 3:
            return draw.normal(size=(SAMPLES, sizes[2], sizes[0], sizes[1])).astype(numpy.float32)
        return draw.normal(size=(SAMPLES, int(numpy.prod(sizes)))).astype(numpy.float32)


BOTH = ("script-17", "dynamo-18")
NETWORKS = {
    "mlp": Probabilities(Made(lambda: sequential(24, 16, CLASSES), 24), ("script-9", "script-17-fixed", "dynamo-18", "dynamo-21", "dynamo-18-fixed")),
    "odd": Torch(Made(Odd, 24), ("script-14", "script-17", "dynamo-18-one")),
    "unet": Torch(Made(UNet, 3, 16, 16), ("script-11", "script-17", "script-20", "dynamo-18")),
    "lstm": Torch(Made(lambda: Recurrent(torch.nn.LSTM, False), 35), ("script-13", "script-17")),
    "gru-bidirectional": Torch(Made(lambda: Recurrent(torch.nn.GRU, True), 35), ("script-17",)),
    **{
        name: Torch(MODULES[name], exporters) for name, exporters in {
            "resnet18": ("script-9", *BOTH), "squeezenet1_1": BOTH, "mobilenet_v2": ("script-11", *BOTH), "mobilenet_v3_small": BOTH,
            "shufflenet_v2_x0_5": BOTH, "efficientnet_b0": BOTH, "densenet121": BOTH, "googlenet": BOTH,
            "regnet_y_400mf": BOTH, "convnext_tiny": BOTH, "swin_t": BOTH,
            "bert": BOTH, "distilbert": BOTH, "vit": BOTH, "t5-encoder": ("script-17", "dynamo-18-one"),
        }.items()
    },
    # onnxruntime does not take what the other exporter writes for a dilated convolution with "same" padding.
    "convolutions": LogProbabilities(MODULES["convolutions"], ("dynamo-18",)),
    # The exporter of TorchScript writes the batch of the example into this file.
    "choices": Torch(MODULES["choices"], ("script-17-one", "dynamo-18-one")),
    "gpt2": Torch(MODULES["gpt2"], ("dynamo-18-one",)),
    "sk-logistic": SkLearn(sk("linear_model.LogisticRegression"), 2, finish=softmax, zipmap=False),
    "sk-logistic-three": SkLearn(sk("linear_model.LogisticRegression"), 3, finish=softmax, zipmap=False),
    "sk-scaled-logistic": SkLearn(scaled(sk("linear_model.LogisticRegression")), 3, finish=softmax, zipmap=False),
    "sk-linear": SkLearn(sk("linear_model.LinearRegression"), 0, output=0),
    "sk-ridge": SkLearn(sk("linear_model.Ridge"), 0, output=0),
    "sk-mlp": SkLearn(sk("neural_network.MLPClassifier", hidden_layer_sizes=(8, 5), max_iter=50), 3, finish=softmax, zipmap=False),
    "sk-mlp-two": SkLearn(sk("neural_network.MLPClassifier", hidden_layer_sizes=(8,), max_iter=50), 2, finish=two_classes, zipmap=False),
    "sk-mlp-regressor": SkLearn(sk("neural_network.MLPRegressor", hidden_layer_sizes=(8,), max_iter=50), 0, output=0),
    "keras-mlp": Keras("mlp", (20,)),
    "keras-cnn": Keras("cnn", (16, 16, 3)),
    "keras-separable": Keras("separable", (16, 16, 3)),
    "keras-lstm": Keras("lstm", (7, 5)),
}  # fmt: skip
