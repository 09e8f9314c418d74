"""Runs the examples of the README as they are written, one after the other."""

import re
import subprocess

import pytest
from conftest import CLIENT

TEXT = (CLIENT / "README.md").read_text()


def test_python(url, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("INFLUENCED_URL", url)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.S):
        exec(compile(block, "README.md", "exec"), names)
    assert names["job"].result.after.self.accuracy < names["job"].result.before.self.accuracy
    assert names["table"].class_names == ["no", "yes"]
    assert len(names["suspects"]) == 5


def test_commands_are_known():
    from influenced.cli.main import parser

    lines = re.findall(r"^influence (.*?)(?:\s+#.*)?$", TEXT, re.M)
    assert len(lines) > 10
    for line in lines:
        parser().parse_args(line.split())


def test_calls_of_the_tables_exist():
    from influenced import Dataset, Job, Model, Service

    owners = {"service": Service, "data": Dataset, "model": Model, "job": Job}
    for row in re.findall(r"^\| `(.*?) \|", TEXT, re.M):
        owner = row.partition(".")[0]
        if owner in owners:
            for name in re.findall(r"(?:^|`)(?:\w+)?\.(\w+)", row):
                known = hasattr(owners[owner], name)
                assert known, f"{owner}.{name}"


def test_help(tmp_path):
    import sys

    command = [sys.executable, "-m", "influenced.cli.main", "--help"]
    found = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True)
    assert found.returncode == 0 and "Exit codes" in found.stdout
