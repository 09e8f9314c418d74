"""Data sets and loaders of PyTorch."""

import numpy
import pytest

torch = pytest.importorskip("torch")

from influenced import DataError  # noqa: E402


class Words(torch.utils.data.Dataset):
    """Samples that are dictionaries."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if not 0 <= index < 20:
            raise IndexError
        return {"input_ids": torch.arange(6) + index, "label": index % 2}


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return ((numpy.full(3, index, "f4"), "odd" if index % 2 else "even") for index in range(300))


@pytest.fixture
def tensors(pictures):
    return torch.utils.data.TensorDataset(*map(torch.as_tensor, pictures))


def upload(service, name, train, **options):
    return service.upload_dataset(name, train, quiet=True, **options)


def stored(data, index):
    return numpy.reshape(data.sample("train", index).values, data.shape)


def test_dataset(service, name, tensors, pictures):
    data = upload(service, name, tensors)
    numpy.testing.assert_array_equal(stored(data, 11), pictures[0][11])
    assert data.sample("train", 11).label == 11 % 3


@pytest.mark.parametrize("shuffle", [True, False])
def test_loader_keeps_the_order_of_its_set(service, name, tensors, pictures, shuffle):
    loader = torch.utils.data.DataLoader(tensors, batch_size=7, shuffle=shuffle, drop_last=True)
    data = upload(service, name, loader)
    assert data.count("train") == 60
    numpy.testing.assert_array_equal(stored(data, 50), pictures[0][50])
    assert any("shuffles" in note for note in data.notes) == shuffle


def test_loader_with_a_sampler(service, name, tensors, pictures):
    sampler = torch.utils.data.SubsetRandomSampler(range(10, 30))
    data = upload(service, name, torch.utils.data.DataLoader(tensors, batch_size=8, sampler=sampler))
    assert data.count("train") == 20
    sample = stored(data, 3)
    found = [index for index in range(60) if numpy.array_equal(pictures[0][index], sample)]
    assert found and found[0] % 3 == data.sample("train", 3).label


def test_stream_without_a_length(service, name):
    data = upload(service, name, Stream())
    assert data.count("train") == 300 and data.class_names == ["even", "odd"]
    numpy.testing.assert_array_equal(stored(data, 299), [299] * 3)
    with pytest.raises(DataError, match="samples that can be counted"):
        upload(service, name, Stream(), test_fraction=0.1, replace=True)


def test_iterators_are_refused(service, name):
    with pytest.raises(DataError, match="only once"):
        upload(service, name, iter(Stream()))


def test_dictionaries(service, name):
    data = upload(service, name, Words())
    numpy.testing.assert_array_equal(stored(data, 3), torch.arange(6) + 3)
    data = upload(service, name, Words(), columns=("input_ids", "label"), replace=True)
    with pytest.raises(DataError, match="members input_ids, label"):
        upload(service, name, Words(), columns=("pixels", "label"), replace=True)


def test_subset_keeps_indices(service, name, tensors):
    data = upload(service, name, torch.utils.data.Subset(tensors, [5, 3, 8, 4]))
    assert data.ids["train"] == ["5", "3", "8", "4"]


def test_float_labels(service, name, tensors, pictures):
    wrong = torch.utils.data.TensorDataset(tensors.tensors[0], tensors.tensors[1].float())
    with pytest.raises(DataError, match=r"y.long\(\)"):
        upload(service, name, wrong)


def test_shapes_that_differ(service, name):
    samples = [(torch.zeros(3, 8, 8 + (index > 4)), index % 2) for index in range(10)]
    with pytest.raises(DataError, match="sample 5 has the shape"):
        upload(service, name, torch.utils.data.ConcatDataset([samples]))


def test_pictures_of_pillow_and_half_precision(service, name):
    image = pytest.importorskip("PIL.Image")
    samples = [(image.fromarray(numpy.full((4, 5, 3), index, "u1")), index % 2) for index in range(10)]
    data = upload(service, name, torch.utils.data.ConcatDataset([samples]))
    assert data.shape == (3, 4, 5) and data.info.type == "uint8"
    halves = torch.utils.data.TensorDataset(torch.ones(6, 4, dtype=torch.bfloat16), torch.arange(6) % 2)
    assert upload(service, name, halves, replace=True).info.type == "float32"
