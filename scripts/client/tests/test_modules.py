"""Modules of PyTorch in the service, and back."""

import numpy
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from influenced import ModelError, ServiceError  # noqa: E402
from influenced import modules as under_test  # noqa: E402
from influenced.losses import loss_of  # noqa: E402
from influenced.weights import arrays_of, read_file  # noqa: E402


class Normalize(nn.Module):
    def forward(self, x):
        return (x - 1.0) / 0.8


class Net(nn.Module):
    """A network with a normalization in front, in-place operations, dropout, and statistics."""

    def __init__(self):
        super().__init__()
        self.normalize = Normalize()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(6 * 16, 3)

    def forward(self, x):
        x = torch.relu_(self.norm(self.conv(self.normalize(x))))
        return self.head(self.drop(nn.functional.max_pool2d(x, 2).flatten(1)))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.head = nn.Linear(8, 3)

    def forward(self, ids):
        return self.head(self.second(torch.tanh(self.first(self.embedding(ids).mean(1)))))


class Odd(nn.Module):
    """Calls that no graph has."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), Sorting())
        self.head = nn.Linear(192, 3)

    def forward(self, x):
        return self.head(torch.erfinv(self.inner(x)))


class Sorting(nn.Module):
    def forward(self, x):
        return torch.sort(x)[0]


@pytest.fixture(scope="module")
def data(service):
    random = numpy.random.default_rng(0)
    labels = numpy.arange(90) % 3
    x = (random.normal(size=(90, 3, 8, 8)) * 0.8 + labels[:, None, None, None] * 0.6).astype("f4")
    made = service.upload_dataset(
        "bright", (x, labels), (x[:30], labels[:30]), class_names=["ship", "cat", "dog"], quiet=True
    )
    made.x, made.y = torch.as_tensor(x), torch.as_tensor(labels)
    return made


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 3))


def trained(data):
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=1e-3)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(data.x), data.y).backward()
        optimizer.step()
    return net


def test_module_removal_module(service, data, name):
    """The round trip: the edited weights give the logits that the service reports."""
    net = trained(data).train()
    net.norm.eval()
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    model = service.upload_model(name, net, data, example=data.x[:2], weight_decay=1e-3, quiet=True)
    assert net.training and net.drop.training and not net.norm.training
    assert all(torch.equal(before[key], tensor) for key, tensor in net.state_dict().items())
    assert any("are the module's" in note for note in model.notes)

    job = model.remove(class_="ship", hessian_samples="all")
    assert job.result.samples.group == 30
    assert job.apply_to(net) is net
    assert any(not torch.equal(before[key], tensor) for key, tensor in net.state_dict().items())
    outputs = model.evaluate(checkpoint=job).array("outputs")
    with torch.no_grad():
        theirs = net.eval()(data.x[:30]).numpy()
    numpy.testing.assert_allclose(theirs, outputs, atol=1e-4 * numpy.abs(outputs).max())

    model.apply_to(net)
    for key in before:
        if key.endswith("num_batches_tracked"):
            continue
        torch.testing.assert_close(net.state_dict()[key], before[key])


@pytest.mark.parametrize("wrapper", [nn.DataParallel, torch.compile, lambda net: nn.DataParallel(torch.compile(net))])
def test_wrappers(service, data, name, wrapper):
    net = wrapper(small())
    model = service.upload_model(name, net, data, quiet=True)
    assert set(model.state_dict()) == {"1.weight", "1.bias"}
    model.apply_to(net)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(service, data, name, dtype):
    net = small().to(dtype)
    model = service.upload_model(name, net, data, quiet=True)
    assert "weights were converted to float32" in model.notes and model.info.precision == "float32"
    assert net[1].weight.dtype == dtype
    model.apply_to(net)
    assert net[1].weight.dtype == dtype


def test_double_precision(service, data, name):
    assert service.upload_model(name, small().double(), data, quiet=True).info.precision == "float64"


def test_tied_weights_and_token_ids(service, name):
    random = numpy.random.default_rng(0)
    rows = service.upload_dataset(name, (random.integers(0, 50, (30, 6)), random.integers(0, 3, 30)), quiet=True)
    net = Tied()
    model = service.upload_model(name, net, rows, quiet=True)
    assert "second.weight" not in model.state_dict()
    # The module's own state has the name.
    assert model.upload_weights(net).id
    weights = model.state_dict()
    weights["first.weight"] = weights["first.weight"] * 2
    model.upload_weights(weights)
    model.apply_to(net)
    assert net.second.weight is net.first.weight
    numpy.testing.assert_allclose(net.second.weight.detach().numpy(), weights["first.weight"])


def test_frozen_layers(service, data, name):
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.ReLU(), nn.Linear(4, 3))
    net[1].requires_grad_(False)
    assert service.upload_model(name, net, data, quiet=True).info.parameters == 15
    net[1].bias.requires_grad_(True)
    with pytest.raises(ModelError, match="with and without requires_grad"):
        service.upload_model(name, net, data, replace=True, quiet=True)


def test_all_that_cannot_be_sent_is_listed(service, data, name):
    with pytest.raises(ModelError) as error:
        service.upload_model(name, Odd(), data, quiet=True)
    text = str(error.value)
    assert len(text.splitlines()) == 3
    assert "sort in inner.1, test_modules.py:" in text
    assert "erfinv in Odd, test_modules.py:" in text


def test_the_first_difference_is_found(service, data, name, monkeypatch):
    right = under_test.graph_with

    def wrong(net, sample):
        graph = right(net, sample)
        for node in graph["nodes"]:
            if node["op"] == "relu":
                node["op"] = "silu"
        return graph

    monkeypatch.setattr(under_test, "graph_with", wrong)
    with pytest.raises(ModelError, match=r"first node that differs is relu \(silu"):
        service.upload_model(name, Net().eval(), data, quiet=True)
    with pytest.raises(ServiceError, match="no model"):
        service.model(name)
    assert [entry.name for entry in service.datasets() if "check" in entry.name] == []


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), {}, "call it with a batch once"),
        (lambda x: x, {}, "must be a module"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(192, 3)),
            {"example": torch.ones(4)},
            r"samples of bright have \(3, 8, 8\)",
        ),
        (nn.Sequential(nn.Flatten(), nn.Linear(100, 3)), {}, "failed on a sample"),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), {"loss": nn.CTCLoss()}, "has no CTCLoss"),
    ],
)
def test_modules_that_are_refused(service, data, name, net, options, words):
    with pytest.raises(ModelError, match=words):
        service.upload_model(name, net, data, quiet=True, **options)


def test_faults_name_nodes(service, data, name):
    with pytest.raises(ServiceError, match="classes=7"):
        service.upload_model(name, nn.Sequential(nn.Flatten(), nn.Linear(192, 7)), data, quiet=True)
    more = service.upload_dataset(name, (data.x, data.y), classes=7, quiet=True)
    service.upload_model(name, nn.Sequential(nn.Flatten(), nn.Linear(192, 7)), more, quiet=True)
    graph = {"nodes": [{"name": "a", "op": "relu"}]}
    assert under_test.readable("/architecture/nodes/0/p", graph) == "a (relu)/p"


def test_weights_that_do_not_fit(service, data, name):
    model = service.upload_model(name, small(), data, quiet=True)
    with pytest.raises(ModelError) as error:
        model.apply_to(nn.Sequential(nn.Flatten(), nn.Linear(192, 4)))
    assert "1.weight has the shape [4, 192] in the module, and [3, 192]" in str(error.value)
    with pytest.raises(ModelError, match="is not in the module"):
        model.apply_to(nn.Linear(2, 2))


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps = nn.LSTM(8, 6, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.steps(x)[0][:, -1])


class Two(nn.Module):
    """A module of two inputs."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(2, 3)
        self.right = nn.Linear(4, 3)

    def forward(self, x, y):
        return {"scores": self.left(x) * self.right(y), "others": x}


@pytest.mark.parametrize("example", [None, torch.randn(8, 8), torch.randn(2, 8, 8), torch.randn(1, 8, 8)])
def test_sequences(service, name, example):
    """The service puts an axis before samples of two axes, and a recurrent network takes none."""
    random = numpy.random.default_rng(0)
    rows = service.upload_dataset(name, (random.normal(size=(12, 8, 8)), numpy.arange(12) % 3), quiet=True)
    assert rows.shape == (1, 8, 8)
    model = service.upload_model(name, Last(), rows, example=example, quiet=True)
    assert "steps.weight_ih_l0" in model.state_dict()


@pytest.mark.parametrize(
    "example", [(torch.ones(2, 2), torch.ones(2, 4)), {"x": torch.ones(1, 2), "y": torch.ones(1, 4)}]
)
def test_several_inputs(service, name, example):
    random = numpy.random.default_rng(0)
    rows = service.upload_dataset(name, (random.normal(size=(12, 6)), numpy.arange(12) % 3), quiet=True)
    net = Two()
    model = service.upload_model(name, net, rows, example=example, quiet=True)
    assert set(model.state_dict()) == set(net.state_dict())
    assert net(torch.ones(1, 2), torch.ones(1, 4))["scores"].shape == (1, 3)
    with pytest.raises(ModelError, match="must be one row"):
        service.upload_model(name, net, rows, example=(torch.ones(1, 2), torch.ones(1, 3)), replace=True, quiet=True)
    with pytest.raises(ModelError, match="one type"):
        service.upload_model(name, net, rows, example=(torch.ones(1, 2), torch.arange(4)[None]), replace=True)


class Masked(nn.Module):
    """Masks that depend on the input, heads that share keys, and a choice between two numbers."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.keys = nn.Linear(8, 4)
        self.head = nn.Linear(8, 3)

    def forward(self, ids, mask):
        x = self.embedding(ids)
        queries = x.unflatten(2, (2, 4)).transpose(1, 2)
        keys = self.keys(x).unflatten(2, (1, 4)).transpose(1, 2)
        seen = mask.bool()[:, None, None, :]
        x = nn.functional.scaled_dot_product_attention(queries, keys, keys, attn_mask=seen, enable_gqa=True)
        return self.head((x.transpose(1, 2).flatten(2) * torch.where(ids > 20, 1.0, 0.5)[..., None]).mean(1))


def test_masks(service, name):
    random = numpy.random.default_rng(0)
    ids = random.integers(0, 50, (12, 6))
    mask = (numpy.arange(6) < random.integers(2, 7, (12, 1))).astype("i8")
    rows = service.upload_dataset(name, (numpy.hstack([ids, mask]), numpy.arange(12) % 3), quiet=True)
    service.upload_model(name, Masked(), rows, example=(ids[:1], mask[:1]), quiet=True)


def test_choices_by_values_are_noticed(service, data, name):
    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(192, 3)

        def forward(self, x):
            x = x.flatten(1)
            return self.head(2 * x if x.mean() > 0.5 else x)

    with pytest.raises(ModelError, match="Choices that a module makes by values"):
        service.upload_model(name, Chooses(), data, quiet=True)


def test_computed_weights(service, data, name):
    net = nn.Sequential(nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(192, 3)))
    with pytest.raises(ModelError, match="remove_parametrizations"):
        service.upload_model(name, net, data, quiet=True)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (None, None),
        ("mse", "mse"),
        (nn.CrossEntropyLoss(), "cross_entropy"),
        (nn.NLLLoss(), "cross_entropy"),
        (nn.CrossEntropyLoss(torch.tensor([1.0, 2.0]), label_smoothing=0.5),
         {"name": "cross_entropy", "weight": [1, 2], "label_smoothing": 0.5}),
        (nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0])), {"name": "binary_cross_entropy", "pos_weight": [3]}),
        (nn.MSELoss(), "mse"),
        (nn.HuberLoss(delta=2.0), {"name": "huber", "delta": 2}),
        (nn.PoissonNLLLoss(), "poisson"),
    ],
)  # fmt: skip
def test_losses(loss, expected):
    assert loss_of(loss) == expected


def test_files_of_weights(tmp_path):
    net = small()
    torch.save({"state_dict": net.state_dict(), "epoch": 3}, tmp_path / "a.pt")
    assert set(read_file(tmp_path / "a.pt")) == {"1.weight", "1.bias"}
    torch.save(net, tmp_path / "b.pt")
    with pytest.raises(ModelError, match="state_dict"):
        read_file(tmp_path / "b.pt")
    with pytest.raises(ModelError, match="not a int"):
        arrays_of(3)
    numpy.testing.assert_array_equal(arrays_of(net)["1.bias"], net[1].bias.detach().numpy())
