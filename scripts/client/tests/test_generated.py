"""The file that is written from the service's declarations."""

import inspect
import subprocess
import sys

import pytest
from conftest import CLIENT

from influenced._generated import ModelJobs


def test_generated_file_is_that_of_the_service(url):
    sys.path.insert(0, str(CLIENT))
    import generate

    assert generate.TARGET.read_text() == generate.generated(url), "run generate.py with this service's address"


def test_check_says_so(url):
    command = [sys.executable, str(CLIENT / "generate.py"), url, "--check"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "up to date\n"
    assert subprocess.run([*command[:2], "--no-option"], capture_output=True).returncode == 2


def test_signatures():
    parameters = inspect.signature(ModelJobs.remove).parameters
    assert repr(parameters["estimator"].default) == "'gif'"
    assert "class_" in parameters and all(
        entry.kind is inspect.Parameter.KEYWORD_ONLY for entry in list(parameters.values())[1:]
    )
    assert "`modification_ratio`: Share of parameters" in (ModelJobs.remove.__doc__ or "")


def test_types():
    pytest.importorskip("mypy")
    found = subprocess.run([sys.executable, "-m", "mypy"], cwd=CLIENT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_messages_about_packages_that_are_missing(monkeypatch):
    from influenced.errors import MissingPackage
    from influenced.optional import require

    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingPackage, match="reading pictures needs pillow: pip install pillow"):
        require("PIL.Image", "reading pictures")
