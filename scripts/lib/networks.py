"""The networks of `check-networks`: torchvision's classification models, and small text and vision transformers.

Weights and inputs are random. A network is a `Network` under its name in `NETWORKS`.
"""

import torch

import odd_modules

# Some builds of torchvision come without their kernels, which no classification network needs. The import asks for
# two of them all the same.
for kernel in ("nms", "qnms"):
    torch.library.define(f"torchvision::{kernel}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision  # noqa: E402

CLASSES = 3
LARGEST_SCORE = 4.0

# Sides of pictures, and options, where the standard is another one. Most networks are checked at 64 × 64. Swin V2 pads
# smaller pictures, and PyTorch has no second derivative of the norm of a row of zeros.
SIDES = {"inception_v3": 75, "vit_h_14": 28, "maxvit_t": 224, "swin_v2_t": 256}
OPTIONS = {
    "googlenet": {"aux_logits": False, "init_weights": True, "transform_input": True},
    "inception_v3": {"aux_logits": False, "init_weights": True, "transform_input": True},
    **{f"vit_{size}": {"image_size": 64} for size in ("b_16", "b_32", "l_16", "l_32")},
    "vit_h_14": {"image_size": 28},
}  # fmt: skip

# The smallest network of each family: the products of its Hessian are compared too.
SMALLEST = {
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3",
    "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18",
    "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "swin_v2_t", "vit_b_16",
    "wide_resnet50_2",
}  # fmt: skip


class Network:
    """A module, its inputs, and how its outputs are read.

    - `make()` gives the module, and `draw(count, generator)` samples for it.
    - `has_products`: whether products of the Hessian are compared.
    - `is_batched`: whether the module takes several samples at once.
    """

    def __init__(self, make, draw, has_products, is_batched=True):
        self.make = make
        self.draw = draw
        self.has_products = has_products
        self.is_batched = is_batched

    def module(self, generator):
        """The module in evaluation with random weights, and statistics that fit its inputs."""
        torch.manual_seed(0)
        module = self.make().eval()
        with torch.no_grad():
            vary(module, generator)
            calibrate(module, self.draw(8, generator))
            tame(module, self.outputs(module, self.draw(4, generator)))
        return module

    def outputs(self, module, inputs):
        """The class scores of samples. A transformer gives them as a member."""
        results = [module(part) for part in inputs.split(len(inputs) if self.is_batched else 1)]
        return torch.cat([result if isinstance(result, torch.Tensor) else result.logits for result in results])


def vary(module, generator):
    """Parameters that begin at one number get random ones, so that a mistake with them shows."""
    for parameter in module.parameters():
        start = parameter.flatten()[0].item()
        if parameter.numel() == 1 or not bool((parameter == start).all()):
            continue
        if start == 0:
            parameter.normal_(0, 0.1, generator=generator)
        elif start == 1:
            parameter.uniform_(0.2, 0.6, generator=generator)
        elif abs(start) < 0.1:
            parameter.uniform_(0.1, 0.5, generator=generator)


def calibrate(module, inputs):
    """Batch normalizations take the statistics of some inputs. Deep networks would vanish or overflow without.

    A channel of tiny variance would amplify the rounding of float32 in each layer, in PyTorch too. So variances have a
    lower bound.
    """
    norms = [layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 1.0
        layer.train()
    if norms:
        module(inputs)
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum
        layer.eval()
        layer.running_var.clamp_(min=0.1)


def tame(module, outputs):
    """Scores far from 0 are made smaller by the last layer: their softmax has no curvature in float32."""
    largest = float(outputs.abs().max())
    layers = [layer for layer in module.modules() if isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d))]
    if largest > LARGEST_SCORE and layers:
        for parameter in layers[-1].parameters():
            parameter.mul_(LARGEST_SCORE / largest)


def pictures(side):
    return lambda count, generator: torch.randn(count, 3, side, side, generator=generator)


def tokens(length, words):
    return lambda count, generator: torch.randint(1, words, (count, length), generator=generator)


def torchvision_network(name):
    def make():
        return torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **OPTIONS.get(name, {}))

    return Network(make, pictures(SIDES.get(name, 64)), name in SMALLEST)


def small_maxvit():
    """MaxViT with windows of 2 × 2. `maxvit_t` takes 224 × 224, where PyTorch's product of its Hessian takes hours."""
    return torchvision.models.MaxVit(
        input_size=(64, 64), stem_channels=16, partition_size=2, block_channels=[16, 32, 64, 128],
        block_layers=[1, 1, 1, 1], head_dim=8, stochastic_depth_prob=0, num_classes=CLASSES)  # fmt: skip


def small_vgg(batch_norm):
    """VGG-11 with a narrow classifier. Vectors of the 129 million parameters of `vgg11` take 1 GB each in float64."""
    def make():
        vgg = torchvision.models.vgg
        network = vgg.VGG(vgg.make_layers(vgg.cfgs["A"], batch_norm=batch_norm), num_classes=CLASSES)
        network.classifier[0] = torch.nn.Linear(512 * 7 * 7, 64)
        network.classifier[3] = torch.nn.Linear(64, 64)
        network.classifier[6] = torch.nn.Linear(64, CLASSES)
        return network

    return make


WORDS, LENGTH = 50, 12


def bert():
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(BertConfig(
        vocab_size=WORDS, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=16, initializer_range=0.2, num_labels=CLASSES))  # fmt: skip


def distilbert():
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    return DistilBertForSequenceClassification(DistilBertConfig(
        vocab_size=WORDS, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=16,
        initializer_range=0.2, num_labels=CLASSES))  # fmt: skip


def gpt2():
    """Without a padding token, so that the scores are those of the last position. It then takes one text at once."""
    from transformers import GPT2Config, GPT2ForSequenceClassification

    return GPT2ForSequenceClassification(GPT2Config(
        vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4, n_positions=16, initializer_range=0.2, use_cache=False,
        bos_token_id=0, eos_token_id=0, num_labels=CLASSES))  # fmt: skip


def vit():
    from transformers import ViTConfig, ViTForImageClassification

    return ViTForImageClassification(ViTConfig(
        image_size=16, patch_size=4, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        initializer_range=0.2, num_labels=CLASSES))  # fmt: skip


class T5Classifier(torch.nn.Module):
    """The encoder of T5, and a linear layer of the mean of its positions."""

    def __init__(self):
        super().__init__()
        from transformers import T5Config, T5EncoderModel

        self.transformer = T5EncoderModel(T5Config(
            vocab_size=WORDS, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, relative_attention_num_buckets=8,
            relative_attention_max_distance=16, feed_forward_proj="gated-gelu"))  # fmt: skip
        self.classifier = torch.nn.Linear(32, CLASSES)

    def double(self):
        """In float64 throughout: T5's own normalization goes through float32."""
        for name, layer in list(self.named_modules()):
            if type(layer).__name__ == "T5LayerNorm":
                norm = torch.nn.RMSNorm(layer.weight.shape, layer.variance_epsilon)
                norm.weight = layer.weight
                self.set_submodule(name, norm)
        return super().double()

    def forward(self, ids):
        return self.classifier(self.transformer(ids).last_hidden_state.mean(1))


NETWORKS = {
    **{name: torchvision_network(name) for name in torchvision.models.list_models(torchvision.models)},
    "vgg-small": Network(small_vgg(False), pictures(64), True),
    "vgg-bn-small": Network(small_vgg(True), pictures(64), True),
    "maxvit-small": Network(small_maxvit, pictures(64), True),
    "bert": Network(bert, tokens(LENGTH, WORDS), True),
    "distilbert": Network(distilbert, tokens(LENGTH, WORDS), True),
    "gpt2": Network(gpt2, tokens(LENGTH, WORDS), True, is_batched=False),
    "vit": Network(vit, pictures(16), True),
    "turns": Network(lambda: odd_modules.Turns(CLASSES), lambda count, generator: torch.randn(
        count, 8, 9, generator=generator), True),
    "choices": Network(lambda: odd_modules.Choices(CLASSES), lambda count, generator: torch.randn(
        count, 54, generator=generator), True),
    "convolutions": Network(lambda: odd_modules.Convolutions(CLASSES), pictures(16), True),
    "t5-encoder": Network(T5Classifier, tokens(LENGTH, WORDS), True),
}
