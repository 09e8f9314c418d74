"""PyTorch modules with the shapes and tensor names of the service's architectures."""

import torch
from torch import nn


class Residual(nn.Module):
    """The sum of two branches, with the tensor names `layers.j` and `shortcut.j`."""

    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut

    def forward(self, x):
        return self.layers(x) + (x if self.shortcut is None else self.shortcut(x))


def shape_after(modules, shape):
    """The shape of one sample behind some modules."""
    probe = nn.Sequential(*modules).eval()
    with torch.no_grad():
        return tuple(probe(torch.zeros((1, *shape))).shape[1:])


def sequential(layers, shape):
    """The `torch.nn.Sequential` of a list of layers as a request writes it."""
    modules = []
    for layer in layers:
        options = {key: value for key, value in layer.items() if key != "type"}
        inner = shape_after(modules, shape) if modules else tuple(shape)
        match layer["type"]:
            case "linear":
                modules.append(nn.Linear(inner[0], options.pop("out_features"), **options))
            case "conv2d":
                modules.append(nn.Conv2d(inner[0], options.pop("out_channels"), **options))
            case "batch_norm2d":
                options.pop("num_features", None)
                modules.append(nn.BatchNorm2d(inner[0], **options))
            case "residual":
                shortcut = options.get("shortcut")
                modules.append(
                    Residual(
                        sequential(options["layers"], inner),
                        sequential(shortcut, inner) if shortcut else None,
                    )
                )
            case other:
                modules.append(PLAIN[other](**options))
    return nn.Sequential(*modules)


PLAIN = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "flatten": nn.Flatten,
    "dropout": nn.Dropout,
    "max_pool2d": nn.MaxPool2d,
    "avg_pool2d": nn.AvgPool2d,
    "adaptive_avg_pool2d": nn.AdaptiveAvgPool2d,
}


def mlp(shape, hidden=(128, 64), outputs=10):
    layers = [{"type": "flatten"}] if len(shape) == 3 else []
    for width in hidden:
        layers += [{"type": "linear", "out_features": width}, {"type": "relu"}]
    return sequential(layers + [{"type": "linear", "out_features": outputs}], shape)


def cnn(shape, outputs=10):
    layers = []
    for channels in (32, 64, 128, 256):
        layers += [
            {"type": "conv2d", "out_channels": channels, "kernel_size": 3, "stride": 2, "padding": 1},
            {"type": "relu"},
        ]
    return sequential(layers + [{"type": "flatten"}, {"type": "linear", "out_features": outputs}], shape)


def small_cnn(shape, outputs=10):
    layers = []
    for kernel, stride in ((3, 1), (3, 2), (3, 1), (3, 2), (3, 1), (1, 1)):
        layers += [
            {"type": "conv2d", "out_channels": 8, "kernel_size": kernel, "stride": stride, "padding": kernel // 2},
            {"type": "tanh"},
        ]
    layers += [{"type": "adaptive_avg_pool2d", "output_size": 1}, {"type": "flatten"}]
    return sequential(layers + [{"type": "linear", "out_features": outputs}], shape)


class LeNet(nn.Module):
    def __init__(self, shape, outputs=10):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 6, 5, padding=2 if min(shape[1:]) < 32 else 0)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, outputs)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class VGG11(nn.Module):
    """torchvision's `vgg11_bn().features` and one linear layer."""

    def __init__(self, shape, outputs=10):
        super().__init__()
        modules, channels = [], shape[0]
        for width in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0):
            if width == 0:
                modules.append(nn.MaxPool2d(2))
            else:
                modules += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*modules)
        self.classifier = nn.Linear(shape_after(modules, shape)[0], outputs)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class BasicBlock(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x):
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """torchvision's names, with the 3×3 stem for small pictures."""

    def __init__(self, shape, outputs=10):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for stage in range(4):
            width, blocks = 64 << stage, []
            for block in range(2):
                blocks.append(BasicBlock(channels, width, 2 if stage > 0 and block == 0 else 1))
                channels = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, outputs)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


class TextTransformer(nn.Module):
    """The service's `transformer`, causal, of width 32."""

    def __init__(self, shape, vocabulary=30, width=32, depth=2, heads=4, outputs=10):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(shape[0], width) * 0.02)
        self.embedding = nn.Embedding(vocabulary, width)
        block = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(block, depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, outputs)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = self.encoder(self.embedding(x.long()) + self.positions, mask=mask, is_causal=True)
        return self.head(x.mean(1))
