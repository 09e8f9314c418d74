"""A live service for the tests: INFLUENCED_BINARY, or `influenced` in PATH, with a database of its own."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

import numpy
import pytest

CLIENT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CLIENT))
os.environ.setdefault("MPLBACKEND", "agg")

from influenced import Service  # noqa: E402


def binary():
    built = CLIENT.parent.parent / ".build" / "release" / "influenced"
    return os.environ.get("INFLUENCED_BINARY") or shutil.which("influenced") or (str(built) if built.exists() else None)


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    program = binary()
    if program is None:
        pytest.skip("no service: set INFLUENCED_BINARY to the program")
    folder = tmp_path_factory.mktemp("service")
    address = f"http://127.0.0.1:{free_port()}"
    command = [program, "serve", "--port", address.rpartition(":")[2], "--database", str(folder / "test.sqlite")]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        service = Service(address)
        for _ in range(300):
            if service.is_up() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert process.poll() is None, (folder / "log").read_text()
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def service(url):
    return Service(url)


@pytest.fixture(scope="session")
def digits(service):
    return service.create_dataset("digits", {"format": "builtin", "name": "digits"})


@pytest.fixture(scope="session")
def mlp(service, digits):
    """A trained network of the digits."""
    recipe = {"learning_rate": 0.05, "epochs": 10, "batch_size": 64, "validation": 0.2}
    model = service.create_model("mlp", digits, "mlp", weight_decay=5e-4, training=recipe)
    model.training_job.wait()
    return model.refresh()


@pytest.fixture(scope="session")
def linear(service):
    """Logistic regression at its minimum, on flowers."""
    iris = service.create_dataset("iris", {"format": "builtin", "name": "iris"})
    model = service.create_model(
        "linear", iris, "logistic", weight_decay=0.01, training={"optimizer": "newton", "validation": 0}
    )
    model.training_job.wait()
    return model.refresh()


@pytest.fixture
def pictures():
    """Small pictures of three classes that differ in brightness, and their classes."""
    random = numpy.random.default_rng(0)
    labels = numpy.arange(60) % 3
    return (random.normal(size=(60, 3, 8, 8)) * 0.3 + labels[:, None, None, None]).astype("f4"), labels


@pytest.fixture
def name(request):
    """A name for a data set or a model that no other test has."""
    return re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
