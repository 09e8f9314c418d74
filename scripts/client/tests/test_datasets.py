"""Data sets of arrays, files and tables."""

import numpy
import pytest

from influenced import DataError, InfluencedError, ServiceError


def upload(service, name, train, test=None, **options):
    return service.upload_dataset(name, train, test, quiet=True, **options)


def stored(data, split="train", index=0):
    return numpy.reshape(data.sample(split, index).values, data.shape)


def test_arrays(service, name, pictures):
    x, y = pictures
    data = upload(service, name, (x, y), (x[:9], y[:9]), class_names=["ship", "cat", "dog"])
    assert data.shape == (3, 8, 8) and data.count("train") == 60 and data.count("test") == 9
    assert data.class_names == ["ship", "cat", "dog"]
    numpy.testing.assert_array_equal(stored(data, "train", 7), x[7])
    assert data.sample("test", 5).class_name == "dog"
    assert data.picture("train", 0).startswith(b"\x89PNG")
    assert any("normalization: none" in note for note in data.notes)
    assert "60 train" in repr(data) and "<table>" in data._repr_html_()
    assert data.id("train", 3) == "3"
    data.delete()
    with pytest.raises(ServiceError, match="no data set"):
        service.dataset(name)


def test_what_is_printed(service, name, pictures, capsys):
    service.upload_dataset(name, pictures, normalization="standardize")
    printed = capsys.readouterr().err
    assert "60 train" in printed and "normalization: mean" in printed


def test_large_sets_are_sent_in_batches(service, name):
    random = numpy.random.default_rng(0)
    x, y = random.normal(size=(2000, 700)), random.integers(0, 2, 2000)
    data = upload(service, name, (x, y))
    for index in (0, 748, 749, 1999):
        numpy.testing.assert_array_equal(stored(data, "train", index), x[index])
        assert data.sample("train", index).label == y[index]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "i4", "?", ">i8"])
def test_types(service, name, kind):
    x = numpy.asfortranarray(numpy.arange(40).reshape(10, 4) % 2).astype(kind)
    data = upload(service, name, (x, numpy.arange(10) % 2))
    expected = x[3].astype("f8") / (255 if kind == "u1" else 1)
    numpy.testing.assert_allclose(stored(data, "train", 3), expected, rtol=1e-6)


def test_token_ids(service, name):
    random = numpy.random.default_rng(0)
    ids = random.integers(0, 50, (20, 8))
    data = upload(service, name, (ids, random.integers(0, 50, (20, 8))))
    assert data.info.targets == "positions"
    numpy.testing.assert_array_equal(stored(data), ids[0])


def test_channels_at_the_end_are_moved(service, name, pictures):
    x, y = pictures
    data = upload(service, name, (numpy.moveaxis(x, 1, -1), y))
    assert any("channels were moved" in note for note in data.notes)
    numpy.testing.assert_array_equal(stored(data, "train", 2), x[2])
    data = upload(service, name, (numpy.moveaxis(x, 1, -1), y), layout="channels_first", replace=True)
    assert data.shape == (8, 8, 3)


def test_normalization(service, name, pictures):
    x, y = pictures
    numbers = {"mean": [1, 2, 3], "standard_deviation": [2, 2, 4]}
    data = upload(service, name, (x, y), normalization=numbers)
    expected = (x[1] - numpy.reshape([1, 2, 3], (3, 1, 1))) / numpy.reshape([2, 2, 4], (3, 1, 1))
    numpy.testing.assert_allclose(stored(data, "train", 1), expected, rtol=1e-5, atol=1e-6)
    assert any("mean 1, 2, 3" in note for note in data.notes)


def test_drawn_test_split(service, name, pictures):
    x, y = pictures
    data = upload(service, name, (x, y), test_fraction=0.25, seed=3)
    assert data.count("train") == 45 and data.count("test") == 15
    assert sorted(map(int, data.ids["train"] + data.ids["test"])) == list(range(60))
    row = int(data.id("test", 4))
    numpy.testing.assert_array_equal(stored(data, "test", 4), x[row])
    assert data.index("test", str(row)) == 4
    with pytest.raises(InfluencedError, match="no sample"):
        data.index("test", "none")


def test_ids(service, name, pictures):
    x, y = pictures
    data = upload(service, name, (x, y), ids=[f"picture-{index}" for index in range(60)])
    assert data.id("train", 5) == "picture-5"
    assert service.dataset(name).id("train", 5) == "picture-5"
    with pytest.raises(DataError, match="60 samples and 2 ids"):
        upload(service, name, (x, y), ids=["a", "b"])


def test_names_of_classes_as_labels(service, name, pictures):
    x, y = pictures
    labels = numpy.array(["dog", "cat", "ant"])[y]
    data = upload(service, name, (x, labels), (x[:2], ["dog", "cat"]))
    assert data.class_names == ["ant", "cat", "dog"]
    assert data.sample("train", 0).class_name == "dog"


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        (lambda y: y.astype("f4"), {}, "astype"),
        (lambda y: y - 1, {}, "counted from 0"),
        (lambda y: y + 1, {"class_names": ["a", "b", "c"]}, "y - 1"),
        (lambda y: y, {"class_names": ["a", "b"]}, "2 class names"),
        (lambda y: numpy.where(y == 1, numpy.nan, 0.5), {}, "not finite"),
        (lambda y: y + 0.5, {"kind": "classes"}, "no whole numbers"),
        (lambda y: y[:5], {}, "60 inputs and 5 labels"),
        (lambda y: numpy.arange(60), {}, "60 different values"),
        (lambda y: numpy.eye(3, dtype=int)[y], {}, "rows of 0 and 1"),
        (lambda y: [None, *y[1:].astype(str)], {}, "missing"),
    ],
)
def test_labels_that_are_refused(service, name, pictures, labels, options, words):
    x, y = pictures
    with pytest.raises(DataError, match=words):
        upload(service, name, (x, labels(y)), **options)
    with pytest.raises(ServiceError, match="no data set"):
        service.dataset(name)


def test_float_labels_that_are_told(service, name, pictures):
    x, y = pictures
    assert upload(service, name, (x, y.astype("f4")), kind="classes").info.targets == "classes"
    assert upload(service, name, (x, y.astype("f4")), kind="values", replace=True).info.targets == "values"
    assert upload(service, name, (x, x[:, 0, 0, 0]), replace=True).info.targets == "values"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["a", "b"], "shape"),
        (numpy.ones(60), "axis of samples"),
        (numpy.array([None] * 60), "objects"),
        (7, "Give a pair"),
    ],
)
def test_inputs_that_are_refused(service, name, inputs, words):
    train = inputs if isinstance(inputs, int) else (inputs, numpy.zeros(len(inputs), int))
    with pytest.raises(DataError, match=words):
        upload(service, name, train)


def test_nothing_is_left_of_a_failure(service, name, pictures):
    x, y = pictures
    x = x.copy()
    x[3] = numpy.nan
    with pytest.raises(ServiceError):
        upload(service, name, (x, y))
    with pytest.raises(ServiceError, match="no data set"):
        service.dataset(name)


def test_names_that_are_taken(service, digits, pictures):
    with pytest.raises(ServiceError, match="exists already"):
        upload(service, "digits", pictures)
    assert service.dataset("digits").count("train") == 1442


def test_npz(service, name, pictures, tmp_path):
    x, y = pictures
    numpy.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    data = upload(service, name, tmp_path / "a.npz")
    assert data.count("train") == 60 and data.count("test") == 6
    numpy.savez(tmp_path / "b.npz", other=x)
    with pytest.raises(DataError, match="x_train"):
        upload(service, name, tmp_path / "b.npz", replace=True)


def test_folder_of_pictures(service, name, tmp_path):
    image = pytest.importorskip("PIL.Image")
    random = numpy.random.default_rng(0)
    for split, count in (("train", 6), ("test", 2)):
        for kind in ("cat", "ship"):
            folder = tmp_path / split / kind
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (10, 12, 3), dtype="u1")
                image.fromarray(pixels).save(folder / f"{number}.{'png' if number % 2 else 'jpg'}")
    data = upload(service, name, tmp_path)
    assert data.class_names == ["cat", "ship"] and data.shape == (3, 10, 12)
    assert data.id("train", 0) == "cat/0.jpg" and data.id("test", 3) == "ship/1.png"
    picture = numpy.asarray(image.open(tmp_path / "train" / "cat" / "1.png"))
    numpy.testing.assert_allclose(stored(data, "train", 1), numpy.moveaxis(picture, -1, 0) / 255, atol=1e-6)

    image.fromarray(random.integers(0, 256, (9, 9, 3), dtype="u1")).save(tmp_path / "train" / "cat" / "9.png")
    with pytest.raises(DataError, match=r"9×9 .*size=\(height, width\)"):
        upload(service, name, tmp_path, replace=True)
    data = upload(service, name, tmp_path, size=(6, 6), replace=True)
    assert data.shape == (3, 6, 6) and data.count("train") == 13
    with pytest.raises(DataError, match="a folder for each class"):
        upload(service, name, tmp_path / "train" / "cat")


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(
        {
            "Unnamed: 0": range(40),
            "age": [*range(39), None],
            "city": ["Oslo", "Rome", "New York, NY", "Rome"] * 10,
            "vip": [True, False] * 20,
            "label": ["a", "b"] * 20,
        },
        index=[f"row-{number}" for number in range(40)],
    )


def test_table(service, name):
    with pytest.raises(DataError, match=r"age has 1 missing values, the first in row row-39: say impute"):
        upload(service, name, frame(), target="label")
    data = upload(service, name, frame(), target="label", impute="mean")
    assert data.feature_names == ["age", "city=New York, NY", "city=Oslo", "city=Rome", "vip=True"]
    assert data.id("train", 3) == "row-3"
    numpy.testing.assert_allclose(stored(data, "train", 39), [19, 0, 0, 1, 0])
    assert any("counts the rows" in note for note in data.notes)


def test_faults_of_a_table_come_together(service, name):
    table = frame()
    table["name"] = "some text"
    table["when"] = pytest.importorskip("pandas").date_range("2020-01-01", periods=40)
    many = pytest.importorskip("pandas").concat([table] * 2)
    many["name"] = [f"text {number}" for number in range(80)]
    with pytest.raises(DataError) as error:
        upload(service, name, many, target="label")
    for words in ("age has", "name has 80 different texts", "when has times"):
        assert words in str(error.value)
    with pytest.raises(DataError, match="no column 'labl'. It has"):
        upload(service, name, table, target="labl")


def test_csv(service, name, tmp_path):
    frame().to_csv(tmp_path / "a.csv", sep=";")
    data = upload(service, name, tmp_path / "a.csv", target="label", impute="most_frequent", test_fraction=0.25,
                  ignore=["Unnamed: 0.1"] if "Unnamed: 0.1" in open(tmp_path / "a.csv").readline() else ())  # fmt: skip
    assert data.count("test") == 10 and data.info.targets == "classes"


def test_regression_table(service, name):
    pandas = pytest.importorskip("pandas")
    random = numpy.random.default_rng(0)
    table = pandas.DataFrame(random.normal(size=(30, 3)), columns=["a", "b", "price"])
    data = upload(service, name, table, target="price")
    assert data.info.targets == "values" and data.feature_names == ["a", "b"]


def test_too_many_bytes_are_refused_before_they_are_sent(service, name):
    inputs = numpy.broadcast_to(numpy.float32(0), (400_000, 3000))
    with pytest.raises(DataError, match="--blob-limit"):
        upload(service, name, (inputs, numpy.zeros(len(inputs), "i8")))


def test_derived(service, digits, name):
    small = digits.derive(name, take={"train": 50, "test": 10})
    assert small.count("train") == 50
    assert "relabel" in small.derive(f"{name}-2", relabel={"fraction": 0.1}).info.source.json
