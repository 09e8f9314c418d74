"""Jobs of every kind, their results, and how they are waited for."""

import io
import sys
import typing

import numpy
import pytest

from influenced import InfluencedError, JobError, ServiceError
from influenced import _generated as generated
from influenced.job import Job
from influenced.progress import ProgressLine, seconds_text
from influenced.values import Record, Value, members_of

# The smallest request of each kind.
REQUESTS = {
    "train": lambda mlp, linear: mlp.train(epochs=1, seed=1),
    "evaluate": lambda mlp, linear: mlp.evaluate(),
    "remove": lambda mlp, linear: mlp.remove(class_="8", hessian_samples=200, curve=[0.5, 1]),
    "retrain": lambda mlp, linear: linear.retrain(class_="virginica", name="without-virginica"),
    "influence": lambda mlp, linear: mlp.influence(test=[3, 326], top=3, hessian_samples=200),
    "validate": lambda mlp, linear: linear.validate(count=5, groups={"count": 4, "fraction": 0.1}),
    "compare": lambda mlp, linear: mlp.compare(class_=8, estimator=["gif", "pif"], hessian_samples=200),
    "trajectory": lambda mlp, linear: linear.trajectory(
        indices=[1, 2, 3], parameters=[{"tensor": "0.weight", "indices": [0, 1]}]
    ),
    "spectrum": lambda mlp, linear: linear.spectrum(count=4, density={}),
    "attack": lambda mlp, linear: linear.attack(test=7, train=[5, 6], iterations=2),
    "mislabeled": lambda mlp, linear: mlp.mislabeled(top=12),
    "domain_mismatch": lambda mlp, linear: linear.domain_mismatch(groups=[{"class": "setosa"}, {"indices": [1, 50]}]),
    "sweep": lambda mlp, linear: linear.data.sweep(
        architectures=["logistic"], weight_decays=[0.01], count=3, training={"optimizer": "newton", "validation": 0}
    ),
}


@pytest.fixture(scope="module")
def recovered(service, digits):
    """A network that learned wrong labels, and is put right."""
    marked = digits.derive("marked", poison={"trigger": "patch", "size": 2, "fraction": 0.1, "label": 4})
    model = service.create_model("backdoored", marked, "mlp", weight_decay=5e-4, training={"epochs": 5})
    model.training_job.wait()
    return model.recover(hessian_samples=200, rounds=1)


@pytest.fixture(scope="module")
def ended(mlp, linear, recovered):
    """A job of each kind, at its end."""
    jobs = {kind: request(mlp, linear) for kind, request in REQUESTS.items()}
    jobs["recover"] = recovered
    return {kind: job.wait() for kind, job in jobs.items()}


def test_every_kind_is_here():
    assert {*REQUESTS, "recover"} == set(generated.RESULTS)


def undeclared(value, path):
    """Members of an answer that no class declares."""
    if isinstance(value, Value) and not isinstance(value, Record):
        known = {key for _, key, _ in members_of(type(value))}
        yield from (f"{path}.{key}" for key in value.json if key not in known)
        for attribute, _, _ in members_of(type(value)):
            yield from undeclared(getattr(value, attribute), f"{path}.{attribute}")
    elif isinstance(value, list):
        for part in value[:3]:
            yield from undeclared(part, f"{path}[]")


@pytest.mark.parametrize("kind", sorted({*REQUESTS, "recover"}))
def test_results_are_declared(ended, kind):
    job = ended[kind]
    assert type(job.result) is generated.RESULTS[kind]
    open_objects = (".seconds.", ".curve[].")
    assert [path for path in undeclared(job.result, kind) if not any(part in path for part in open_objects)] == []
    assert "<table>" in job._repr_html_()
    assert kind in repr(job)
    for name in job.arrays:
        array = job.array(name)
        declared = next(entry for entry in job.result.artifacts if entry.name == f"{name}.npy")
        assert list(array.shape) == declared.shape and array.dtype == numpy.dtype(declared.dtype)


@pytest.mark.parametrize("kind", sorted({*REQUESTS, "recover"}))
def test_pictures(ended, kind):
    pytest.importorskip("matplotlib")
    from influenced.plots import PICTURES

    if kind not in PICTURES:
        with pytest.raises(InfluencedError, match="no picture of"):
            ended[kind].plot()
        return
    file = io.BytesIO()
    ended[kind].plot().savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_more_pictures(mlp, linear):
    pytest.importorskip("matplotlib")
    mlp.influence(test={"mean": True}, hessian_samples=100).plot(top=2)
    linear.influence(test=[1, 2]).plot()
    linear.influence(self_influence=True).plot()
    mlp.influence(test=3, influence="perturbation", train=[1, 2, 3], hessian_samples=100).plot()


def test_attributes(ended):
    result = ended["remove"].result
    assert 0 <= result.after.test.accuracy <= 1
    assert result.after.self.accuracy < result.before.self.accuracy
    assert result["after"]["test"]["loss"] == result.after.test.loss
    assert "scale" in result and "checkpoint" in list(result)
    assert ended["evaluate"].result.per_class[0].class_ == 0
    assert ended["validate"].result.from_ == "checkpoint"
    with pytest.raises(AttributeError, match="has no 'afterwards'; it has"):
        result.afterwards
    assert result == ended["remove"].result and "RemoveResult(" in repr(result)


def test_classes_may_be_named(mlp, ended):
    assert ended["remove"].info.request.json["class"] == 8
    with pytest.raises(InfluencedError, match="no class 'ship'. The data set has 0, 1"):
        mlp.remove(class_="ship")


def test_options_that_are_not_given_are_left_to_the_service(mlp, monkeypatch):
    sent = {}
    monkeypatch.setattr(mlp.service.connection, "json", lambda *request, **_: sent.update(request[2]) or {"id": "1"})
    mlp.remove(class_=numpy.int64(3))
    assert sent == {"kind": "remove", "model": "mlp", "class": 3}
    sent.clear()
    mlp.influence(test=numpy.arange(2), train=range(3), damping=0.1, top=None)
    assert sent["test"] == {"indices": [0, 1]} and sent["train"] == {"indices": [0, 1, 2]} and sent["damping"] == 0.1
    assert "top" not in sent


def test_jobs_are_given_to_jobs(mlp, ended):
    job = mlp.influence(factors=ended["influence"], train=[5, 18])
    assert job.array("scores").shape == (2, 2)
    after = mlp.evaluate(checkpoint=ended["remove"]).result
    assert after.checkpoint == ended["remove"].checkpoint


def test_weights(mlp, ended):
    edited = ended["remove"].state_dict()
    assert set(edited) == set(mlp.state_dict())
    assert any(not numpy.array_equal(edited[name], mlp.state_dict()[name]) for name in edited)
    assert any(entry.id == ended["remove"].checkpoint for entry in mlp.checkpoints())
    checkpoint = mlp.upload_weights(mlp.state_dict())
    assert checkpoint.kind in ("uploaded", "trained")


def test_unknown_arrays(ended):
    with pytest.raises(InfluencedError, match="no array 'score': it has factors, scores"):
        ended["influence"].array("score")


def test_failure(mlp):
    job = mlp.influence(test=[1], solver={"name": "cg", "iterations": 1, "tolerance": 1e-6}, require_convergence=True)
    with pytest.raises(JobError, match="failed") as error:
        job.result
    assert error.value.state == "failed" and error.value.reason == "not_converged" and error.value.advice


def test_cancel_and_delete(service, mlp):
    job = mlp.train(epochs=100_000)
    with pytest.raises(TimeoutError, match="it goes on"):
        job.wait(timeout=0.5)
    assert job.id in [entry.id for entry in service.jobs(model=mlp)]
    job.cancel()
    with pytest.raises(JobError, match="cancelled"):
        job.wait(10)
    assert job.refresh().state == "cancelled"
    job.delete()
    with pytest.raises(ServiceError, match="no job"):
        service.job(job.id)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "expected"), [("y", JobError), ("\n", KeyboardInterrupt), ("w", None)])
def test_control_c_asks_on_a_terminal(mlp, monkeypatch, answer, expected):
    job = mlp.train(epochs=600 if answer == "w" else 100_000)
    watch, calls = Job.watch, []

    def interrupted(self, line, timeout):
        calls.append(timeout)
        if len(calls) == 1:
            raise KeyboardInterrupt
        watch(self, line, timeout)

    monkeypatch.setattr(Job, "watch", interrupted)
    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    monkeypatch.setattr(sys, "stderr", Terminal())
    try:
        if expected is None:
            if job.refresh().ended:
                pytest.skip("the job was too fast")
            assert job.wait().state == "succeeded"
        else:
            with pytest.raises(expected):
                job.wait()
        assert "y: cancel it" in sys.stderr.getvalue()
    finally:
        if not job.refresh().ended:
            job.cancel()


def test_control_c_without_a_terminal(mlp, monkeypatch):
    job = mlp.train(epochs=100_000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(Job, "watch", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    job.cancel()


def test_progress_line():
    stream = io.StringIO()
    line = ProgressLine("train mlp", stream, shown=True)
    line.update(0.5, "epoch 3", 80)
    line.end("succeeded")
    text = stream.getvalue()
    assert text.startswith("\rtrain mlp ████") and "50 %" in text and "1 min 20 s left" in text
    assert text.endswith("\n") and text.count("\n") == 1
    quiet = io.StringIO()
    ProgressLine("train", quiet).update(0.5, "epoch")
    assert quiet.getvalue() == ""
    assert [seconds_text(seconds) for seconds in (3, 60, 7500)] == ["3 s", "1 min 0 s", "2 h 5 min"]


def test_lists(service, mlp, ended):
    assert "mlp" in repr(service.models()) and "% right" in repr(service.models())
    jobs = service.jobs(kind="remove", state="succeeded")
    assert jobs and all(job.kind == "remove" for job in jobs)
    assert jobs[0].result.after.test.loss > 0
    assert len(service.jobs(limit=2)) == 2
    assert service.job(jobs[0].id).result.checkpoint
    assert "<table>" in mlp._repr_html_() and "17226 parameters" in repr(mlp)
    assert "state" in ended["evaluate"].table()


def test_annotations_can_be_read():
    for kind in generated.RESULTS:
        owner = generated.ModelJobs if hasattr(generated.ModelJobs, kind) else generated.DatasetJobs
        names = {"Job": Job, **vars(generated)}
        hints = typing.get_type_hints(getattr(owner, kind), names)
        assert typing.get_args(hints["return"]) == (generated.RESULTS[kind],)
