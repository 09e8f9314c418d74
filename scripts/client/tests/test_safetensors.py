"""Files of weights."""

import numpy
import pytest

from influenced import DataError, safetensors

TENSORS = {
    "a.weight": numpy.arange(6, dtype="f4").reshape(2, 3),
    "b": numpy.float64(2.5) * numpy.ones(()),
    "c": numpy.asfortranarray(numpy.arange(6, dtype="i8").reshape(2, 3)),
    "d": numpy.array([True, False]),
    "e": numpy.arange(3, dtype=">f4"),
    "none": numpy.zeros((0, 3), "f4"),
}


def same(ours, theirs):
    assert set(ours) == set(theirs)
    for name in ours:
        assert ours[name].shape == theirs[name].shape
        numpy.testing.assert_array_equal(ours[name], theirs[name])


def test_round_trip(tmp_path):
    safetensors.save(tmp_path / "w.safetensors", TENSORS)
    same(safetensors.load(tmp_path / "w.safetensors"), TENSORS)
    size, pieces = safetensors.pieces(TENSORS)
    assert sum(len(piece) for piece in pieces) == size == (tmp_path / "w.safetensors").stat().st_size


def test_the_package_reads_the_same(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    safetensors.save(tmp_path / "w", TENSORS)
    same(package.load_file(tmp_path / "w"), TENSORS)
    package.save_file({"x": numpy.ones((2, 2), "f2")}, tmp_path / "v")
    same(safetensors.load(tmp_path / "v"), {"x": numpy.ones((2, 2))})


def test_bfloat16_becomes_float32(tmp_path):
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("safetensors.torch")
    tensor = torch.tensor([1.5, -2.25, 3e8], dtype=torch.bfloat16)
    package.save_file({"x": tensor}, tmp_path / "w")
    numpy.testing.assert_array_equal(safetensors.load(tmp_path / "w")["x"], tensor.float().numpy())


@pytest.mark.parametrize("data", [b"", b"\xff" * 16, b"\x02\0\0\0\0\0\0\0{]"])
def test_other_files(data):
    with pytest.raises(DataError, match="not a safetensors file"):
        safetensors.loads(data)
