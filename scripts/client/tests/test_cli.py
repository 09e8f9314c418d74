"""The command `influence`."""

import json
import os
import signal
import subprocess
import sys

import numpy
import pytest
from conftest import CLIENT, binary, free_port

from influenced import safetensors
from influenced.cli.main import main


@pytest.fixture
def influence(url, capsys, tmp_path, monkeypatch):
    """Runs the command in a folder of its own: its exit code and what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFLUENCED_URL", url)

    def run(*arguments):
        code = main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def answer(result):
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_remove_explain_get(influence, mlp, tmp_path):
    code, out, _ = influence("remove", "mlp", "--class", "8", "--set", "hessian_samples=200")
    assert code == 0 and "class 8" in out and "after" in out
    job = answer(influence("remove", "mlp", "--indices", "1,2,3", "--json"))
    assert job["state"] == "succeeded" and job["request"]["indices"] == [1, 2, 3]
    assert influence("get", job["id"], "weights", "-o", "w.safetensors")[0] == 0
    assert set(safetensors.load(tmp_path / "w.safetensors")) == set(mlp.state_dict())
    assert influence("get", job["result"]["checkpoint"])[0] == 0

    code, out, _ = influence("explain", "mlp", "--test", "326", "--top", "2")
    assert code == 0 and out.count("helps") == 2 and out.count("harms") == 2
    job = answer(influence("explain", "mlp", "--test", "3,4", "--no-wait", "--json"))
    assert influence("wait", job["id"])[1] == f"{job['id']} succeeded\n"
    assert answer(influence("get", job["id"], "scores", "--json"))["shape"] == [2, 1442]
    assert numpy.load(tmp_path / "scores.npy").shape == (2, 1442)
    code, _, err = influence("get", job["id"])
    assert code == 1 and "factors, scores" in err


def test_any_kind(influence, mlp, linear, tmp_path):
    assert answer(influence("run", "spectrum", "linear", "--set", "count=3", "--json"))["kind"] == "spectrum"
    assert "accuracy" in influence("run", "evaluate", "mlp", "--set", "split=train")[1]
    pytest.importorskip("matplotlib")
    assert influence("run", "evaluate", "mlp", "--plot", "a.png")[0] == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_show_and_list(influence, mlp):
    assert answer(influence("show", "mlp", "--json"))["name"] == "mlp"
    assert "1442" in influence("show", "digits")[1]
    assert set(answer(influence("--json", "list"))) == {"datasets", "models", "jobs"}
    assert "mlp" in influence("list", "models")[1]
    assert len(answer(influence("list", "jobs", "--limit", "1", "--json"))) == 1


def test_data_and_model(influence, tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    (tmp_path / "flowers.csv").write_text("a,b,kind\n" + "".join(f"{n},{n % 3},{'xy'[n % 2]}\n" for n in range(40)))
    made = answer(influence("data", "add", "flowers.csv", "--target", "kind", "--name", "cli-flowers", "--json"))
    assert made["class_names"] == ["x", "y"] and made["splits"]["test"]["count"] == 8
    (tmp_path / "net.json").write_text(json.dumps({"layers": [{"type": "linear", "out_features": 2}]}))
    made = answer(influence("model", "add", "net.json", "--data", "cli-flowers", "--name", "cli-net", "--json"))
    assert made["parameters"] == 6
    code, out, _ = influence("model", "add", "logistic", "--data", "cli-flowers", "--name", "cli-logistic",
                             "--weight-decay", "0.1", "--training", '{"epochs": 2}')  # fmt: skip
    assert code == 0 and "cli-logistic" in out

    torch = pytest.importorskip("torch")
    (tmp_path / "mine_for_test.py").write_text(
        "from torch import nn\n\ndef factory():\n    return nn.Sequential(nn.Linear(2, 4), nn.GELU(), nn.Linear(4, 2))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import mine_for_test

    net = mine_for_test.factory()
    torch.save({"module." + key: value for key, value in net.state_dict().items()}, tmp_path / "w.pt")
    code, out, err = influence("model", "add", "mine_for_test:factory", "--weights", "w.pt", "--data", "cli-flowers")
    assert code == 0 and "are the module's" in out, err
    assert influence("get", "factory", "-o", "back.safetensors")[0] == 0
    back = safetensors.load(tmp_path / "back.safetensors")
    numpy.testing.assert_array_equal(back["0.weight"], net[0].weight.detach().numpy())
    assert influence("model", "add", "mine_for_test:nothing", "--data", "cli-flowers")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "required"),
        (["remove", "mlp"], 2, "--class"),
        (["run", "nothing", "mlp"], 2, "there are train"),
        (["run", "train", "mlp", "--set", "epochs"], 2, "NAME=VALUE"),
        (["explain", "mlp", "--test", "x"], 2, "numbers"),
        (["model", "add", "a.onnx", "--data", "digits"], 2, "ONNX"),
        (["remove", "mlp", "--class", "ship"], 1, "no class 'ship'"),
        (["show", "nothing"], 1, "no job, model or data set"),
        (["run", "train", "mlp", "--set", "epochs=-1"], 1, "/epochs"),
        (["data", "add", "nowhere"], 1, "there is no nowhere"),
        (["wait", "nothing"], 1, "no job"),
        (["--url", "http://127.0.0.1:9", "list"], 1, "influence up"),
    ],
)
def test_exit_codes(influence, mlp, arguments, code, words):
    got, _, err = influence(*arguments)
    assert got == code and words in err


def test_errors_as_json(influence, mlp):
    code, out, _ = influence("run", "train", "mlp", "--set", "epochs=-1", "--json")
    error = json.loads(out)["error"]
    assert code == 1 and error["status"] == 422 and error["faults"][0]["pointer"] == "/epochs"


def test_up(tmp_path):
    program = binary()
    if program is None:
        pytest.skip("no service: set INFLUENCED_BINARY to the program")
    environment = {**os.environ, "INFLUENCED_BINARY": program, "PYTHONPATH": str(CLIENT),
                   "INFLUENCED_URL": f"http://127.0.0.1:{free_port()}"}  # fmt: skip

    def run(*arguments):
        command = [sys.executable, "-m", "influenced.cli.main", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    first = json.loads(run("up", "--json").stdout)
    try:
        assert first["started"] and (tmp_path / "influenced.sqlite").exists()
        assert not json.loads(run("up", "--json").stdout)["started"]
        assert run("list").returncode == 0
        environment["INFLUENCED_URL"] = f"http://127.0.0.1:{free_port()}"
        second = run("up")
        assert second.returncode == 1 and "did not start" in second.stderr
    finally:
        os.kill(first["pid"], signal.SIGTERM)
