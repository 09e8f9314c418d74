"""Networks beyond the named ones for bench_compare.py: a PyTorch module, an input, and the same network as a graph.

torchvision's convolutional networks are traced. The transformers are written node by node, with one operation for a
whole attention, as a user of the service would write them.
"""

import pathlib
import sys

import torch
import torch.nn as nn

CLASSES = 10
TOKENS, WIDTH, BLOCKS, HEADS, VOCABULARY = 128, 256, 4, 8, 8000


def torchvision_model(name, size, **options):
    for operator in ("nms", "qnms"):
        try:
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:
            pass  # torchvision brought its kernels.
    import torchvision

    module = torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **options)
    for layer in module.modules():
        # Random choices of training are left out on both sides.
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
        if isinstance(layer, torchvision.ops.StochasticDepth):
            layer.p = 0.0
    return module, (3, size, size)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1 = nn.LayerNorm(WIDTH)
        self.self_attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.ln_2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.self_attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class TextTransformer(nn.Module):
    """Token ids to classes, by the mean over positions."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.ln = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, ids):
        return self.head(self.ln(self.blocks(self.embedding(ids) + self.positions)).mean(1))


class Nodes:
    """Nodes of a graph, one behind the other."""

    def __init__(self):
        self.nodes = []

    def add(self, op, name, inputs, **options):
        self.nodes.append({"op": op, "name": name, "inputs": inputs, **options})
        return name

    def block(self, name, x, width, heads, hidden, eps):
        y = self.add("layer_norm", f"{name}.ln_1", [x], normalized_shape=[width], eps=eps)
        y = self.add("multihead_attention", f"{name}.self_attention", [y], num_heads=heads)
        x = self.add("add", f"{name}.first", [x, y])
        y = self.add("layer_norm", f"{name}.ln_2", [x], normalized_shape=[width], eps=eps)
        y = self.add("linear", f"{name}.mlp.0", [y], out_features=hidden)
        y = self.add("gelu", f"{name}.mlp.1", [y])
        y = self.add("linear", f"{name}.mlp.3", [y], out_features=width)
        return self.add("add", f"{name}.second", [x, y])


def text_graph():
    graph = Nodes()
    graph.add("embedding", "embedding", ["input"], num_embeddings=VOCABULARY, embedding_dim=WIDTH)
    graph.add("parameter", "positions", [], shape=[TOKENS, WIDTH], start="normal")
    x = graph.add("add", "embedded", ["embedding", "positions"])
    for index in range(BLOCKS):
        x = graph.block(f"blocks.{index}", x, WIDTH, HEADS, 4 * WIDTH, 1e-5)
    x = graph.add("layer_norm", "ln", [x], normalized_shape=[WIDTH])
    x = graph.add("mean", "mean", [x], dim=[1])
    return {"nodes": graph.nodes, "outputs": [graph.add("linear", "head", [x], out_features=CLASSES)]}


def vit_graph(size, patch=16, width=768, heads=12, blocks=12):
    tokens = (size // patch) ** 2
    graph = Nodes()
    x = graph.add("conv2d", "conv_proj", ["input"], out_channels=width, kernel_size=patch, stride=patch)
    x = graph.add("reshape", "tokens", [x], shape=[width, tokens])
    x = graph.add("permute", "patches", [x], dims=[0, 2, 1])
    graph.add("parameter", "class_token", [], shape=[1, width])
    x = graph.add("concat", "sequence", ["class_token", x], dim=1)
    graph.add("parameter", "encoder.pos_embedding", [], shape=[tokens + 1, width], start="normal")
    x = graph.add("add", "embedded", [x, "encoder.pos_embedding"])
    for index in range(blocks):
        x = graph.block(f"encoder.layers.encoder_layer_{index}", x, width, heads, 4 * width, 1e-6)
    x = graph.add("layer_norm", "encoder.ln", [x], normalized_shape=[width], eps=1e-6)
    x = graph.add("select", "class", [x], dim=1, index=0)
    return {"nodes": graph.nodes, "outputs": [graph.add("linear", "heads.head", [x], out_features=CLASSES)]}


def module(name):
    """A PyTorch module, and the shape of a sample; nil if there is none of that name."""
    if name == "vit_b_16":
        return torchvision_model(name, 64, image_size=64)
    if name == "transformer":
        return TextTransformer(), (TOKENS,)
    return torchvision_model(name, 64)


def random_inputs(name, batch, shape):
    return torch.randint(0, VOCABULARY, (batch, *shape)) if name == "transformer" else torch.randn(batch, *shape)


def graph(name):
    """The network as a graph, and the options of influence-bench for its inputs."""
    if name == "transformer":
        return text_graph(), ["--input", str(TOKENS), "--vocabulary", str(VOCABULARY)]
    if name == "vit_b_16":
        return vit_graph(64), ["--input", "3x64x64"]
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
    from influenced.torch_graph import graph_of

    net, shape = module(name)
    return graph_of(net.eval(), torch.randn(*shape)), ["--input", "x".join(map(str, shape))]
