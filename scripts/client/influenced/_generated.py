"""Answers and jobs of the service. Made by generate.py from /openapi.json: do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .values import Record, Value

if TYPE_CHECKING:
    from .job import Job

R = TypeVar("R", bound=Value)


class Default:
    """A default of the service. It is not sent, so that the service decides."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def default(value: Any) -> Any:
    return Default(value)


@dataclass(init=False, repr=False, eq=False)
class Progress(Value):
    """The members of `Progress`."""

    fraction: float
    phase: str | None
    detail: str
    eta: float | None
    seconds: dict[str, float] | None


@dataclass(init=False, repr=False, eq=False)
class Estimate(Value):
    """What was expected of the job when it was posted; one beyond the service's limits is refused."""

    memory_bytes: int
    seconds: float
    result_bytes: int


@dataclass(init=False, repr=False, eq=False)
class JobErrorInfo(Value):
    """The members of `JobErrorInfo`."""

    reason: Literal["non_finite", "not_converged", "missing", "unacceptable", "out_of_resources", "corrupt", "time_limit", "crashed", "internal"]
    message: str
    advice: str


@dataclass(init=False, repr=False, eq=False)
class JobInfo(Value):
    """The members of `JobInfo`.

    - `id`: Opaque; ids sort by the time of creation.
    """

    id: str
    kind: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    priority: int
    attempt: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    progress: Progress | None
    request: Record
    estimate: Estimate | None
    error: JobErrorInfo | None
    links: dict[str, str]
    result: Any


@dataclass(init=False, repr=False, eq=False)
class CheckpointInfoRecord(Value):
    """The training data that the weights stand for: what edits took out and put right since the training."""

    dataset: str | None
    edits: list[Record]
    incomplete: bool
    counts: Record | None


@dataclass(init=False, repr=False, eq=False)
class CheckpointInfo(Value):
    """The members of `CheckpointInfo`.

    - `id`: Opaque; ids sort by the time of creation.
    - `job`: Opaque; ids sort by the time of creation.
    - `parent`: Opaque; ids sort by the time of creation.
    - `record`: The training data that the weights stand for: what edits took out and put right since the training.
    - `notes`: Of an upload: what was done to fit its names and types to the model.
    - `warnings`: Of an upload: what is taken but looks wrong.
    """

    id: str
    model: str
    kind: Literal["initial", "trained", "uploaded", "edited"]
    job: str | None
    parent: str | None
    metrics: Record
    bytes: int
    sha256: str
    created_at: str
    links: dict[str, str]
    training: Record | None
    record: CheckpointInfoRecord | None
    notes: list[str] | None
    warnings: list[str] | None


@dataclass(init=False, repr=False, eq=False)
class ModelInfoLayers(Value):
    """The members of `ModelInfoLayers`."""

    name: str
    type: str
    output_shape: list[int]
    parameters: int


@dataclass(init=False, repr=False, eq=False)
class Contract(Value):
    """The members of `Contract`.

    - `type`: How inputs are stored.
    - `range`: Smallest and largest value of inputs times the scale: of bytes by their type, of pictures of numbers as
      seen in training; null for vectors of numbers.
    - `normalization`: A network sees (stored · scale − mean) / standard_deviation, numbers a channel or feature; of
      more than 10000 they are null.
    - `positions`: Positions of a sample, each with a class.
    """

    shape: list[int] | None
    type: Literal["uint8", "float32", "float64"] | None
    range: list[float] | None
    normalization: Record | None
    targets: Literal["classes", "values", "positions"] | None
    classes: int | None
    positions: int | None
    class_names: list[str] | None
    outputs: int | None


@dataclass(init=False, repr=False, eq=False)
class ModelInfo(Value):
    """The members of `ModelInfo`.

    - `job`: Opaque; ids sort by the time of creation.
    - `contract`: What the model expects of data sets, fixed with it; not in lists.
    """

    name: str
    dataset: str
    architecture: Any
    precision: Literal["float32", "float64"]
    loss: Any
    weight_decay: float
    seed: int
    training: Record | None
    reference: Record | None
    job: str | None
    parameters: int
    checkpoint: CheckpointInfo | None
    metrics: Record | None
    created_at: str
    links: dict[str, str]
    layers: list[ModelInfoLayers] | None
    checkpoints: list[CheckpointInfo] | None
    contract: Contract | None


@dataclass(init=False, repr=False, eq=False)
class DatasetInfo(Value):
    """The members of `DatasetInfo`.

    - `type`: How inputs are stored.
    - `range`: Smallest and largest value of inputs times the scale: of bytes by their type, of pictures of numbers as
      seen in training; null for vectors of numbers.
    - `normalization`: A network sees (stored · scale − mean) / standard_deviation, numbers a channel or feature; of
      more than 10000 they are null.
    - `positions`: Positions of a sample, each with a class.
    - `bytes`: In memory.
    - `notes`: Of an upload: how the array was stored, if otherwise than it is read.
    - `warnings`: What looks wrong about the set, although it can be used.
    - `whole_numbers`: Of vectors with features of whole numbers that a network sees as they are: for each feature the
      least and the largest, or null.
    - `target_range`: The least and the largest regression target.
    - `overflow`: The first sample that is too large for float32.
    """

    name: str
    state: Literal["incomplete", "ready", "failed"]
    created_at: str
    source: Record
    links: dict[str, str]
    shape: list[int] | None
    type: Literal["uint8", "float32", "float64"] | None
    range: list[float] | None
    normalization: Record | None
    targets: Literal["classes", "values", "positions"] | None
    classes: int | None
    positions: int | None
    class_names: list[str] | None
    outputs: int | None
    splits: Record | None
    groups: dict[str, int] | None
    sha256: str | None
    bytes: int | None
    origin: str | None
    missing: str | None
    arrays: list[Record] | None
    notes: list[str] | None
    warnings: list[str] | None
    whole_numbers: list[list[int] | None] | None
    target_range: list[float] | None
    overflow: Record | None


@dataclass(init=False, repr=False, eq=False)
class Sample(Value):
    """The members of `Sample`.

    - `labels`: The class of each position; null for one that counts for nothing.
    """

    dataset: str
    split: Literal["train", "test"]
    index: int
    shape: list[int]
    values: list[float]
    label: int | None
    class_name: str | None
    labels: list[int | None] | None
    true_label: int | None
    target: list[float] | None
    groups: list[str] | None


@dataclass(init=False, repr=False, eq=False)
class Metrics(Value):
    """The members of `Metrics`.

    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class AbsentMetrics(Value):
    """Readings of classes that the checkpoint was not trained on. None of them is right or wrong.

    - `classes`: The classes that the checkpoint was not trained on.
    - `samples`: Samples of these classes. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    classes: list[int]
    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class TrainingMetrics(Value):
    """Measures of the last weights. converged is a statement about them, by the criterion that is named.

    - `test`: On the test split, if it has samples of trained classes.
    - `absent`: On test samples of classes that nothing is trained on.
    - `validation`: On the samples that the recipe holds out.
    - `train`: On 8,192 training samples at most.
    - `iterations`: Of `lbfgs` and `newton`. In iterations.
    - `gradient_norm`: ‖∇R‖ of the last weights.
    - `converged`: Whether the last weights meet the criterion.
    - `reason`: Of `lbfgs` and `newton`: why they did not converge; null if they did.
    - `criterion`: What was asked.
    - `warnings`: Sentences that a user must know before relying on the result.
    """

    test: Metrics | None
    absent: AbsentMetrics | None
    validation: Metrics | None
    train: Metrics
    iterations: int | None
    gradient_norm: float | None
    converged: bool
    reason: Literal["iteration_limit", "stagnation", "non_finite", "gradient_norm_too_large", "negative_curvature", "unresolved_curvature", "no_minimum", "precision"] | None
    criterion: Any
    warnings: list[str]


@dataclass(init=False, repr=False, eq=False)
class Curve(Value):
    """The members of `Curve`.

    - `epoch`: The epoch, or the iteration of a minimisation, from 1. In epochs.
    - `loss`: The mean loss without weight decay.
    - `accuracy`: Of `sgd` and `adam`, during the epoch; null for regression.
    - `learning_rate`: Of `sgd` and `adam`.
    - `gradient_norm`: Of `lbfgs` and `newton`: ‖∇R‖.
    - `validation`: On the samples that the recipe holds out.
    """

    epoch: int
    loss: float | None
    accuracy: float | None
    learning_rate: float | None
    gradient_norm: float | None
    validation: Metrics | None


@dataclass(init=False, repr=False, eq=False)
class Samples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `validation`: Samples that the recipe holds out. In samples.
    """

    train: int
    validation: int


@dataclass(init=False, repr=False, eq=False)
class Artifact(Value):
    """The members of `Artifact`.

    - `name`: Its name.
    - `dtype`: The type of its elements, as in NumPy.
    - `shape`: Its shape.
    - `bytes`: Its size. In bytes.
    - `sha256`: The SHA-256 of its file, in hexadecimal.
    """

    name: str
    dtype: Literal["<f4", "<f8", "<i4", "<i8", "|u1"]
    shape: list[int]
    bytes: int
    sha256: str


@dataclass(init=False, repr=False, eq=False)
class Seconds(Value):
    """By phase, and the total. In seconds.

    - `total`: Of all phases. In seconds.
    """

    total: float


@dataclass(init=False, repr=False, eq=False)
class TrainResult(Value):
    """The members of `TrainResult`.

    - `checkpoint`: The trained checkpoint.
    - `metrics`: Measures of the last weights.
    - `curve`: A row an epoch; of more than 1,000 epochs every second, third and so on, and the last.
    - `samples`: How many samples were used for what.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    metrics: TrainingMetrics
    curve: list[Curve]
    samples: Samples
    warnings: list[str]
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultPerClass(Value):
    """The members of `EvaluateResultPerClass`.

    - `class_`: The class.
    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    class_: int
    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultSeen(Value):
    """On samples of classes that the checkpoint was trained on; present if there are others.

    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultPartsTrained(Value):
    """Samples that the checkpoint was trained on.

    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultPartsHeldOut(Value):
    """Samples that the recipe holds out for validation.

    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultPartsLeftOut(Value):
    """Samples that the recipe leaves out.

    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultPartsRemoved(Value):
    """Samples that edits took out.

    - `samples`: How many samples were measured. In samples.
    - `loss`: The mean loss; null of no samples.
    - `accuracy`: The share read as labelled; null for regression and of no samples.
    """

    samples: int
    loss: float | None
    accuracy: float | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResultParts(Value):
    """Of the training split: what the checkpoint did with the samples, if not all the same.

    - `trained`: Samples that the checkpoint was trained on.
    - `held_out`: Samples that the recipe holds out for validation.
    - `left_out`: Samples that the recipe leaves out.
    - `removed`: Samples that edits took out.
    """

    trained: EvaluateResultPartsTrained | None
    held_out: EvaluateResultPartsHeldOut | None
    left_out: EvaluateResultPartsLeftOut | None
    removed: EvaluateResultPartsRemoved | None


@dataclass(init=False, repr=False, eq=False)
class EvaluateResult(Value):
    """The members of `EvaluateResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `dataset`: The data set that was measured on.
    - `split`: The split that was measured on.
    - `samples`: Samples of the split. In samples.
    - `loss`: The mean loss, without weight decay.
    - `accuracy`: The share read as labelled; null for regression.
    - `gradient_norm`: ‖∇R‖ of the risk over these samples, with weight decay.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `confusion`: A row a label, a column a class that the model names. Of classification; null of more than 1,000
      classes. In samples.
    - `per_class`: A row a class. Of classification; null of more than 1,000 classes.
    - `seen`: On samples of classes that the checkpoint was trained on; present if there are others.
    - `absent`: On samples of the other classes, if there are any.
    - `parts`: Of the training split: what the checkpoint did with the samples, if not all the same.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    dataset: str
    split: Literal["test", "train", "validation"]
    samples: int
    loss: float
    accuracy: float | None
    gradient_norm: float | None
    warnings: list[str]
    confusion: list[list[int]] | None
    per_class: list[EvaluateResultPerClass] | None
    seen: EvaluateResultSeen | None
    absent: AbsentMetrics | None
    parts: EvaluateResultParts | None
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class RemovalMetrics(Value):
    """The members of `RemovalMetrics`.

    - `self`: On the group: of a class its samples in the test split, of another group its training samples.
    - `test`: On the test samples of the rest.
    - `score`: 2a(1 − s)/(a + 1 − s) of the accuracies a of `test` and s of `self`; null if one is unknown.
    - `absent`: On the classes that nothing is trained on, if there are any.
    """

    self: Metrics
    test: Metrics
    score: float | None
    absent: AbsentMetrics | None


@dataclass(init=False, repr=False, eq=False)
class RemoveResultSweep(Value):
    """The members of `RemoveResultSweep`.

    - `scale`: The scale.
    - `validation`: On validation samples.
    - `score`: The score of accuracies.
    - `likelihood_score`: The same of mean likelihoods.
    """

    scale: float
    validation: RemovalMetrics
    score: float | None
    likelihood_score: float | None


@dataclass(init=False, repr=False, eq=False)
class Parameters(Value):
    """How many parameters there are and may change.

    - `total`: All parameters. In parameters.
    - `selectable`: Those of weight layers. In parameters.
    - `selected`: Those that the update may change. In parameters.
    """

    total: int
    selectable: int
    selected: int


@dataclass(init=False, repr=False, eq=False)
class RemoveResultLayers(Value):
    """The members of `RemoveResultLayers`.

    - `name`: The layer.
    - `parameters`: Parameters of the layer. In parameters.
    - `selected`: Those that the update may change. In parameters.
    - `change`: The 2-norm of the change.
    - `relative_change`: The same, divided by the norm of the layer's parameters.
    """

    name: str
    parameters: int
    selected: int
    change: float | None
    relative_change: float | None


@dataclass(init=False, repr=False, eq=False)
class Solve(Value):
    """The members of `Solve`.

    - `name`: The solver.
    - `iterations`: The step whose solution is used. In iterations.
    - `path_iterations`: The steps that were made. In iterations.
    - `relative_residual`: ‖b − Ax‖/‖b‖ of the solution that is used, of damped normal equations ‖Aᵀr‖.
    - `tolerance`: The relative residual that was aimed at.
    - `rounding_floor`: The relative residual that rounding allows.
    - `residual_history`: The relative residual after every step.
    - `curvature_products`: Products with the curvature. In products.
    - `damping`: δ.
    - `c`: The scale of `neumann` and `lissa`; null of other solvers.
    - `ended`: Present if a step of the path was chosen before the end: why it was.
    - `converged`: Whether the residual met the tolerance; absent with `ended`.
    - `reason`: Why the solve did not converge; null if it did.
    - `rank`: Of `arnoldi`: eigenvectors that are used.
    - `negative_eigenvalues`: Negative eigenvalues that were seen.
    """

    name: str
    iterations: int
    path_iterations: int
    relative_residual: float | None
    tolerance: float
    rounding_floor: float | None
    residual_history: list[float | None]
    curvature_products: int
    damping: float
    c: float | None
    ended: str | None
    converged: bool | None
    reason: Literal["iteration_limit", "negative_curvature", "stagnation", "low_rank", "observer"] | None
    rank: int | None
    negative_eigenvalues: int | None


@dataclass(init=False, repr=False, eq=False)
class Retrained(Value):
    """The newest model that was retrained on the same data, on the same samples; null if there is none.

    - `self`: On the group: of a class its samples in the test split, of another group its training samples.
    - `test`: On the test samples of the rest.
    - `score`: 2a(1 − s)/(a + 1 − s) of the accuracies a of `test` and s of `self`; null if one is unknown.
    - `absent`: On the classes that nothing is trained on, if there are any.
    - `checkpoint`: The checkpoint of the `retrain` job.
    """

    self: Metrics
    test: Metrics
    score: float | None
    absent: AbsentMetrics | None
    checkpoint: str


@dataclass(init=False, repr=False, eq=False)
class RemoveResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `group`: Samples of the group that the model was trained on. In samples.
    - `validation`: Samples that the recipe holds out. In samples.
    - `hessian`: Samples that the curvature was taken over. In samples.
    - `gradient`: Samples that the gradient was taken over. In samples.
    """

    train: int
    group: int
    validation: int
    hessian: int
    gradient: int


@dataclass(init=False, repr=False, eq=False)
class CheckpointGradient(Value):
    """Influence functions speak of a minimum, where the norm is 0. The norm is over 8,192 samples at most.

    - `norm`: ‖∇R‖ at the checkpoint over the samples that it was trained on.
    - `one_sample`: The mean of what one sample adds to ∇R.
    """

    norm: float | None
    one_sample: float | None


@dataclass(init=False, repr=False, eq=False)
class Round(Value):
    """The members of `Round`.

    - `kept`: Whether the edited checkpoint has this round: the last one may have gained nothing.
    - `scale`: The scale of the round.
    - `validation_score`: The score on validation samples.
    - `iterations`: The step whose solution is used. In iterations.
    - `relative_residual`: Of the solution that is used.
    - `converged`: Whether the solve met its tolerance; null if a step of the path was chosen.
    - `curvature_products`: Products with the curvature. In products.
    - `warnings`: Sentences that a user must know before relying on the result.
    """

    kept: bool
    scale: float
    validation_score: float | None
    iterations: int
    relative_residual: float | None
    converged: bool | None
    curvature_products: int
    warnings: list[str]


@dataclass(init=False, repr=False, eq=False)
class RemoveResultCurve(Value):
    """The members of `RemoveResultCurve`.

    - `scale`: The scale.
    """

    scale: float


@dataclass(init=False, repr=False, eq=False)
class RemoveResult(Value):
    """The members of `RemoveResult`.

    - `checkpoint`: The edited checkpoint.
    - `scale`: What the solution was multiplied by; 1 is the theory's.
    - `sweep`: The scales that were tried on validation samples.
    - `parameters`: How many parameters there are and may change.
    - `layers`: What became of every layer.
    - `solver`: The solve.
    - `before`: The checkpoint on test samples.
    - `after`: The edited checkpoint on the same samples.
    - `retrained`: The newest model that was retrained on the same data, on the same samples; null if there is none.
    - `samples`: How many samples were used for what.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `rounds`: The rounds, with `rounds` above 1.
    - `curve`: The numbers of `before` and `after` at the scales of the request's `curve`.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    scale: float
    sweep: list[RemoveResultSweep]
    parameters: Parameters
    layers: list[RemoveResultLayers]
    solver: Solve
    before: RemovalMetrics
    after: RemovalMetrics
    retrained: Retrained | None
    samples: RemoveResultSamples
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    rounds: list[Round] | None
    curve: list[RemoveResultCurve] | None
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class RetrainResult(Value):
    """The members of `RetrainResult`.

    - `model`: The new model.
    - `checkpoint`: Its checkpoint.
    - `metrics`: What a removal or a recovery of the group reports; without a group what `train` reports.
    - `curve`: A row an epoch; of more than 1,000 epochs every second, third and so on, and the last.
    - `samples`: How many samples were used for what.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    model: str
    checkpoint: str
    metrics: Any
    curve: list[Curve]
    samples: Samples
    warnings: list[str]
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultTrain(Value):
    """The training samples that got scores.

    - `samples`: Samples that have scores. In samples.
    - `trained`: Those of them that the model was trained on. In samples.
    """

    samples: int
    trained: int


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultSamples(Value):
    """How many samples were used for what; absent with `factors` alone.

    - `train`: Samples that the model was trained on. In samples.
    - `hessian`: Samples that the curvature was taken over. In samples.
    """

    train: int
    hessian: int


@dataclass(init=False, repr=False, eq=False)
class Damping(Value):
    """The members of `Damping`.

    - `value`: δ.
    - `rule`: `given`: by the request. `1/T`: by the length of the training. `minimum`: the weights minimise the risk.
      `largest_eigenvalue`: a thousandth of it.
    - `T`: The summed rate of the training, where the rule needs it.
    - `largest_eigenvalue`: Of the matrix, where the rule needs it.
    """

    value: float
    rule: Literal["given", "1/T", "minimum", "largest_eigenvalue"]
    T: float | None
    largest_eigenvalue: float | None


@dataclass(init=False, repr=False, eq=False)
class RankingCurvature(Value):
    """The members of `RankingCurvature`.

    - `hessian`: The matrix.
    - `samples`: Samples that the matrix was taken over. In samples.
    - `damping`: δ, and the rule that gave it.
    """

    hessian: Literal["hessian", "gauss_newton"]
    samples: int
    damping: Damping


@dataclass(init=False, repr=False, eq=False)
class Effect(Value):
    """effect = scale · score + offset: by how much leaving the sample out changes the loss asked about.

    - `scale`: Of the score.
    - `offset`: Of the weight decay.
    """

    scale: float
    offset: float


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultTestsHelpful(Value):
    """The members of `InfluenceResultTestsHelpful`.

    - `index`: The place of the sample in the training split.
    - `effect`: By how much leaving the sample out changes the loss asked about, to first order; null if the model was
      not trained on it.
    - `score`: sᵀ∇ℓ of the sample, as in `scores.npy`.
    - `trained`: Whether the model was trained on the sample.
    - `label`: Its class; absent for regression.
    - `true_label`: Its class before the data set changed it, if it did.
    - `picture`: The path where the sample can be seen.
    """

    index: int
    effect: float | None
    score: float
    trained: bool
    label: int | None
    true_label: int | None
    picture: str


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultTestsHarmful(Value):
    """The members of `InfluenceResultTestsHarmful`.

    - `index`: The place of the sample in the training split.
    - `effect`: By how much leaving the sample out changes the loss asked about, to first order; null if the model was
      not trained on it.
    - `score`: sᵀ∇ℓ of the sample, as in `scores.npy`.
    - `trained`: Whether the model was trained on the sample.
    - `label`: Its class; absent for regression.
    - `true_label`: Its class before the data set changed it, if it did.
    - `picture`: The path where the sample can be seen.
    """

    index: int
    effect: float | None
    score: float
    trained: bool
    label: int | None
    true_label: int | None
    picture: str


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultTestsLargest(Value):
    """The members of `InfluenceResultTestsLargest`.

    - `index`: The place of the sample in the training split.
    - `effect`: By how much leaving the sample out changes the loss asked about, to first order; null if the model was
      not trained on it.
    - `norm`: The 2-norm of the influence by the input.
    - `trained`: Whether the model was trained on the sample.
    - `label`: Its class; absent for regression.
    - `true_label`: Its class before the data set changed it, if it did.
    - `picture`: The path where the sample can be seen.
    """

    index: int
    effect: float | None
    norm: float
    trained: bool
    label: int | None
    true_label: int | None
    picture: str


@dataclass(init=False, repr=False, eq=False)
class FactorSolve(Value):
    """The members of `FactorSolve`.

    - `name`: The solver.
    - `iterations`: The step whose solution is used. In iterations.
    - `path_iterations`: The steps that were made. In iterations.
    - `relative_residual`: ‖b − Ax‖/‖b‖ of the solution that is used, of damped normal equations ‖Aᵀr‖.
    - `tolerance`: The relative residual that was aimed at.
    - `rounding_floor`: The relative residual that rounding allows.
    - `residual_history`: The relative residual after every step. Absent beside more than 16 solves.
    - `curvature_products`: Products with the curvature. In products.
    - `damping`: δ.
    - `c`: The scale of `neumann` and `lissa`; null of other solvers.
    - `ended`: Present if a step of the path was chosen before the end: why it was.
    - `converged`: Whether the residual met the tolerance; absent with `ended`.
    - `reason`: Why the solve did not converge; null if it did.
    - `rank`: Of `arnoldi`: eigenvectors that are used.
    - `negative_eigenvalues`: Negative eigenvalues that were seen.
    """

    name: str
    iterations: int
    path_iterations: int
    relative_residual: float | None
    tolerance: float
    rounding_floor: float | None
    residual_history: list[float | None] | None
    curvature_products: int
    damping: float
    c: float | None
    ended: str | None
    converged: bool | None
    reason: Literal["iteration_limit", "negative_curvature", "stagnation", "low_rank", "observer"] | None
    rank: int | None
    negative_eigenvalues: int | None


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultTests(Value):
    """The members of `InfluenceResultTests`.

    - `index`: Its place in the split; null for the mean over the split.
    - `split`: The split it is of.
    - `loss`: Its loss at the checkpoint, without weight decay.
    - `samples`: Of the mean: samples of the split. In samples.
    - `label`: Its class; absent for regression and the mean.
    - `predicted`: The class that the model names; absent where `label` is.
    - `reliable`: Whether the solve is good enough for a ranking.
    - `effect`: How effects follow from scores; null if nothing would remain.
    - `helpful`: Of `upweight`: the samples without which the loss would rise most, the strongest first.
    - `harmful`: Of `upweight`: the samples without which the loss would fall most, the strongest first.
    - `largest`: Of `perturbation`: the samples whose inputs matter most.
    - `solver`: The solve of its factor.
    """

    index: int | None
    split: Literal["test", "train", "validation"]
    loss: float | None
    samples: int | None
    label: int | None
    predicted: int | None
    reliable: bool
    effect: Effect | None
    helpful: list[InfluenceResultTestsHelpful] | None
    harmful: list[InfluenceResultTestsHarmful] | None
    largest: list[InfluenceResultTestsLargest] | None
    solver: FactorSolve


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultSolver(Value):
    """All solves together; absent without test points.

    - `name`: The solver.
    - `converged`: Whether every solve met its tolerance.
    - `curvature_products`: Products of this job; 0 with `factors`. In products.
    - `factors_of`: The job that made the factors; null if this one did.
    - `relative_residual`: The largest of the solves.
    """

    name: str | None
    converged: bool
    curvature_products: int
    factors_of: str | None
    relative_residual: float | None


@dataclass(init=False, repr=False, eq=False)
class SelfInfluenceSolve(Value):
    """The members of `SelfInfluenceSolve`.

    - `name`: The solver.
    - `damping`: δ.
    - `solves`: Solves that were made.
    - `converged`: How many of them met their tolerance.
    - `exact`: Whether every value is exact to the tolerance.
    - `reasons`: How many solves did not converge, by their reason.
    - `relative_residual`: The largest of the solves.
    - `curvature_products`: Products with the curvature. In products.
    - `rank`: Of `arnoldi`: eigenvectors that are used.
    - `negative_eigenvalues`: Negative eigenvalues that were seen.
    - `median_error`: Of `arnoldi`, relative, on samples that were solved exactly.
    - `largest_error`: The largest of the same.
    - `rank_correlation`: Of the values with the exact ones on the same samples.
    """

    name: str
    damping: float
    solves: int
    converged: int
    exact: bool
    reasons: dict[str, int]
    relative_residual: float | None
    curvature_products: int
    rank: int | None
    negative_eigenvalues: int | None
    median_error: float | None
    largest_error: float | None
    rank_correlation: float | None


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultSelfInfluenceLargest(Value):
    """The members of `InfluenceResultSelfInfluenceLargest`.

    - `index`: The place of the sample in the training split.
    - `effect`: By how much leaving the sample out changes the loss asked about, to first order; null if the model was
      not trained on it.
    - `self_influence`: gᵀ(H + δI)⁻¹g of the sample.
    - `trained`: Whether the model was trained on the sample.
    - `label`: Its class; absent for regression.
    - `true_label`: Its class before the data set changed it, if it did.
    - `picture`: The path where the sample can be seen.
    """

    index: int
    effect: float | None
    self_influence: float
    trained: bool
    label: int | None
    true_label: int | None
    picture: str


@dataclass(init=False, repr=False, eq=False)
class InfluenceResultSelfInfluence(Value):
    """With `self_influence`.

    - `mean`: The mean over the samples.
    - `negative`: Samples with a negative value. In samples.
    - `solver`: How good the values are.
    - `reliable`: Whether they are good enough for a ranking.
    - `largest`: The samples with the largest values.
    """

    mean: float
    negative: int
    solver: SelfInfluenceSolve
    reliable: bool
    largest: list[InfluenceResultSelfInfluenceLargest]


@dataclass(init=False, repr=False, eq=False)
class InfluenceResult(Value):
    """The members of `InfluenceResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `influence`: The effect that was asked about.
    - `train`: The training samples that got scores.
    - `samples`: How many samples were used for what; absent with `factors` alone.
    - `curvature`: The matrix; with `factors` that of their job.
    - `tests`: A row a test point; empty without any.
    - `solver`: All solves together; absent without test points.
    - `self_influence`: With `self_influence`.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    influence: Literal["upweight", "perturbation"]
    train: InfluenceResultTrain
    samples: InfluenceResultSamples | None
    curvature: RankingCurvature | None
    tests: list[InfluenceResultTests]
    solver: InfluenceResultSolver | None
    self_influence: InfluenceResultSelfInfluence | None
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class ValidateResultTestsPairs(Value):
    """The members of `ValidateResultTestsPairs`.

    - `train`: The sample that was left out, in the training split.
    - `estimated`: The change of the test loss that is foretold.
    - `retrained`: The change that training without the sample makes.
    - `score`: The influence score.
    - `estimated_norm`: ‖Δθ‖ foretold; null without `norms`.
    - `retrained_norm`: ‖Δθ‖ of the training.
    - `reliable`: Whether the solve of the test point is good enough for a ranking.
    """

    train: int
    estimated: float
    retrained: float
    score: float
    estimated_norm: float | None
    retrained_norm: float
    reliable: bool


@dataclass(init=False, repr=False, eq=False)
class ValidateResultTests(Value):
    """The members of `ValidateResultTests`.

    - `index`: Its place in the split; null for the mean over the split.
    - `split`: The split it is of.
    - `loss`: Its loss at the checkpoint, without weight decay.
    - `samples`: Of the mean: samples of the split. In samples.
    - `label`: Its class; absent for regression and the mean.
    - `predicted`: The class that the model names; absent where `label` is.
    - `reliable`: Whether its solve is good enough for a ranking.
    - `pearson`: Correlation of estimated and retrained; null if one of them does not vary.
    - `spearman`: The same of ranks.
    - `pairs`: A row a sample that was left out.
    - `solver`: The solve of its factor; absent where groups alone are estimated.
    """

    index: int | None
    split: Literal["test", "train", "validation"]
    loss: float | None
    samples: int | None
    label: int | None
    predicted: int | None
    reliable: bool
    pearson: float | None
    spearman: float | None
    pairs: list[ValidateResultTestsPairs]
    solver: Solve | None


@dataclass(init=False, repr=False, eq=False)
class ValidateResultGroupsScore(Value):
    """The linear datamodeling score.

    - `first_order`: The mean of `spearman`, by the sum of influences.
    - `second_order`: The mean of `spearman`, by a second-order step.
    - `newton`: The mean of `spearman`, by a step with the remaining curvature; with `newton`.
    """

    first_order: float | None
    second_order: float | None
    newton: float | None


@dataclass(init=False, repr=False, eq=False)
class ValidateResultGroupsSpearman(Value):
    """A number a test point.

    - `first_order`: Rank correlation over the groups, by the sum of influences.
    - `second_order`: Rank correlation over the groups, by a second-order step.
    - `newton`: Rank correlation over the groups, by a step with the remaining curvature; with `newton`.
    """

    first_order: list[float | None] | None
    second_order: list[float | None] | None
    newton: list[float | None] | None


@dataclass(init=False, repr=False, eq=False)
class ValidateResultGroupsRowsNorms(Value):
    """How far the weights move.

    - `first_order`: ‖Δθ‖, by the sum of influences.
    - `second_order`: ‖Δθ‖, by a second-order step.
    - `newton`: ‖Δθ‖, by a step with the remaining curvature; with `newton`.
    - `retrained`: ‖Δθ‖ of the training.
    """

    first_order: float | None
    second_order: float | None
    newton: float | None
    retrained: float


@dataclass(init=False, repr=False, eq=False)
class ValidateResultGroupsRows(Value):
    """The members of `ValidateResultGroupsRows`.

    - `group`: Its place.
    - `size`: Its samples. In samples.
    - `norms`: How far the weights move.
    - `first_order`: The change of every test loss, by the sum of influences.
    - `second_order`: The change of every test loss, by a second-order step.
    - `newton`: The change of every test loss, by a step with the remaining curvature; with `newton`.
    - `retrained`: The changes that training without the group makes.
    - `reliable`: Whether its solve is good enough for a ranking.
    """

    group: int
    size: int
    norms: ValidateResultGroupsRowsNorms
    first_order: list[float | None]
    second_order: list[float | None]
    newton: list[float | None] | None
    retrained: list[float]
    reliable: bool


@dataclass(init=False, repr=False, eq=False)
class ValidateResultGroups(Value):
    """Groups that were left out, if any.

    - `count`: Groups. In groups.
    - `score`: The linear datamodeling score.
    - `spearman`: A number a test point.
    - `rows`: A row a group.
    """

    count: int
    score: ValidateResultGroupsScore
    spearman: ValidateResultGroupsSpearman
    rows: list[ValidateResultGroupsRows]


@dataclass(init=False, repr=False, eq=False)
class ValidateResultSolves(Value):
    """All solves together.

    - `count`: Solves.
    - `converged`: Those that met their tolerance.
    - `relative_residual`: The largest of the solves.
    - `curvature_products`: Products with the curvature. In products.
    """

    count: int
    converged: int
    relative_residual: float | None
    curvature_products: int


@dataclass(init=False, repr=False, eq=False)
class ValidateResultRetrainingControl(Value):
    """The training that leaves nothing out.

    - `gradient_norm`: ‖∇R‖ at its end.
    - `converged`: Whether it ended at a minimum; null of `sgd` and `adam`.
    - `steps`: Steps that it made. In steps.
    - `distance`: Its distance from the start.
    - `losses`: Losses of the test points at its end.
    """

    gradient_norm: float | None
    converged: bool | None
    steps: int
    distance: float | None
    losses: list[float]


@dataclass(init=False, repr=False, eq=False)
class ValidateResultRetraining(Value):
    """How the models were trained.

    - `optimizer`: The optimizer.
    - `count`: Trainings without samples. In trainings.
    - `steps`: Of `sgd` and `adam`: steps of each. In steps.
    - `iterations_limit`: Of `lbfgs` and `newton`: at most. In iterations.
    - `control`: The training that leaves nothing out.
    - `gradient_norm`: The largest at the ends of the others.
    - `learning_rate`: Of `sgd` and `adam`: the rate at the start.
    - `converged`: Of `lbfgs` and `newton`: whether every training ended at a minimum.
    """

    optimizer: str | None
    count: int
    steps: int | None
    iterations_limit: int | None
    control: ValidateResultRetrainingControl
    gradient_norm: float | None
    learning_rate: float | None
    converged: bool | None


@dataclass(init=False, repr=False, eq=False)
class ValidateResult(Value):
    """The members of `ValidateResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `precision`: What everything was computed in.
    - `from_`: Where trainings begin.
    - `samples`: Samples that the model was trained on. In samples.
    - `tests`: A row a test point.
    - `pearson`: The mean over reliable test points; null of none.
    - `spearman`: The same of rank correlations.
    - `curvature`: The matrix of the estimates.
    - `groups`: Groups that were left out, if any.
    - `solves`: All solves together.
    - `retraining`: How the models were trained.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    precision: Literal["float32", "float64"]
    from_: Literal["checkpoint", "scratch"]
    samples: int
    tests: list[ValidateResultTests]
    pearson: float | None
    spearman: float | None
    curvature: RankingCurvature
    groups: ValidateResultGroups | None
    solves: ValidateResultSolves
    retraining: ValidateResultRetraining
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class RecoveryMetrics(Value):
    """The members of `RecoveryMetrics`.

    - `test`: On clean test samples.
    - `triggered`: On the same with the trigger, against their true labels; null of a data set without a trigger.
    - `attack_success_rate`: The share of triggered samples of other classes that are read as the trigger's class.
    - `self`: On the exchanged training samples with their true labels; only on the test split.
    - `absent`: On the classes that nothing is trained on, if there are any.
    - `score`: 2at/(a + t) of the accuracies a of `test` and t of `triggered`; the first alone without a trigger.
    """

    test: Metrics
    triggered: Metrics | None
    attack_success_rate: float | None
    self: Metrics | None
    absent: AbsentMetrics | None
    score: float | None


@dataclass(init=False, repr=False, eq=False)
class RecoverResultSweep(Value):
    """The members of `RecoverResultSweep`.

    - `scale`: The scale.
    - `validation`: On validation samples.
    - `score`: The score of accuracies.
    - `likelihood_score`: The same of mean likelihoods.
    """

    scale: float
    validation: RecoveryMetrics
    score: float | None
    likelihood_score: float | None


@dataclass(init=False, repr=False, eq=False)
class RecoverResultLayers(Value):
    """The members of `RecoverResultLayers`.

    - `name`: The layer.
    - `parameters`: Parameters of the layer. In parameters.
    - `selected`: Those that the update may change. In parameters.
    - `change`: The 2-norm of the change.
    - `relative_change`: The same, divided by the norm of the layer's parameters.
    """

    name: str
    parameters: int
    selected: int
    change: float | None
    relative_change: float | None


@dataclass(init=False, repr=False, eq=False)
class RecoverResultRetrained(Value):
    """The newest model that was retrained on the same data, on the same samples; null if there is none.

    - `test`: On clean test samples.
    - `triggered`: On the same with the trigger, against their true labels; null of a data set without a trigger.
    - `attack_success_rate`: The share of triggered samples of other classes that are read as the trigger's class.
    - `self`: On the exchanged training samples with their true labels; only on the test split.
    - `absent`: On the classes that nothing is trained on, if there are any.
    - `score`: 2at/(a + t) of the accuracies a of `test` and t of `triggered`; the first alone without a trigger.
    - `checkpoint`: The checkpoint of the `retrain` job.
    """

    test: Metrics
    triggered: Metrics | None
    attack_success_rate: float | None
    self: Metrics | None
    absent: AbsentMetrics | None
    score: float | None
    checkpoint: str


@dataclass(init=False, repr=False, eq=False)
class RecoverResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `group`: Samples of the group that the model was trained on. In samples.
    - `changed`: Those of the group whose label is not the true one. In samples.
    - `validation`: Samples that the recipe holds out. In samples.
    - `hessian`: Samples that the curvature was taken over. In samples.
    - `gradient`: Samples that the gradient was taken over. In samples.
    """

    train: int
    group: int
    changed: int
    validation: int
    hessian: int
    gradient: int


@dataclass(init=False, repr=False, eq=False)
class RecoverResultCurve(Value):
    """The members of `RecoverResultCurve`.

    - `scale`: The scale.
    """

    scale: float


@dataclass(init=False, repr=False, eq=False)
class RecoverResult(Value):
    """The members of `RecoverResult`.

    - `checkpoint`: The edited checkpoint.
    - `scale`: What the solution was multiplied by; 1 is the theory's.
    - `sweep`: The scales that were tried on validation samples.
    - `parameters`: How many parameters there are and may change.
    - `layers`: What became of every layer.
    - `solver`: The solve.
    - `before`: The checkpoint on test samples.
    - `after`: The edited checkpoint on the same samples.
    - `retrained`: The newest model that was retrained on the same data, on the same samples; null if there is none.
    - `samples`: How many samples were used for what.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `rounds`: The rounds, with `rounds` above 1.
    - `curve`: The numbers of `before` and `after` at the scales of the request's `curve`.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    scale: float
    sweep: list[RecoverResultSweep]
    parameters: Parameters
    layers: list[RecoverResultLayers]
    solver: Solve
    before: RecoveryMetrics
    after: RecoveryMetrics
    retrained: RecoverResultRetrained | None
    samples: RecoverResultSamples
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    rounds: list[Round] | None
    curve: list[RecoverResultCurve] | None
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsSelfAccuracy(Value):
    """The accuracy of `self`.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsSelfLoss(Value):
    """Of a removal: the loss of `self`.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsTestAccuracy(Value):
    """The accuracy of `test`.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsTestLoss(Value):
    """The loss of `test`.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsTriggeredAccuracy(Value):
    """Of a recovery: the accuracy of `triggered`.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsTriggeredLoss(Value):
    """Of a recovery: its loss.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsAttackSuccessRate(Value):
    """Of a recovery.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsScore(Value):
    """The score on test samples.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsValidationScore(Value):
    """The score on validation samples, by which step and scale were chosen.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsRounds(Value):
    """Rounds that were kept, with `rounds` above 1. In rounds.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsScale(Value):
    """What the solution was multiplied by.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsIterations(Value):
    """The step whose solution is used. In iterations.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsRelativeResidual(Value):
    """Of the solution that is used.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsProducts(Value):
    """Products with the curvature. In products.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRowsSeconds(Value):
    """The time of the run, a part of what it shares included. In seconds.

    - `mean`: The mean over the runs.
    - `deviation`: The standard deviation; null of a single run.
    """

    mean: float | None
    deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class CompareResultRows(Value):
    """The members of `CompareResultRows`.

    - `estimator`: The estimator of the cell.
    - `modification_ratio`: Its share of parameters; null of `if`.
    - `selection`: Its selection; null of `if`.
    - `solver`: Its solver.
    - `damping`: Its δ.
    - `self_accuracy`: The accuracy of `self`.
    - `self_loss`: Of a removal: the loss of `self`.
    - `test_accuracy`: The accuracy of `test`.
    - `test_loss`: The loss of `test`.
    - `triggered_accuracy`: Of a recovery: the accuracy of `triggered`.
    - `triggered_loss`: Of a recovery: its loss.
    - `attack_success_rate`: Of a recovery.
    - `score`: The score on test samples.
    - `validation_score`: The score on validation samples, by which step and scale were chosen.
    - `rounds`: Rounds that were kept, with `rounds` above 1. In rounds.
    - `scale`: What the solution was multiplied by.
    - `iterations`: The step whose solution is used. In iterations.
    - `relative_residual`: Of the solution that is used.
    - `products`: Products with the curvature. In products.
    - `seconds`: The time of the run, a part of what it shares included. In seconds.
    - `converged`: Runs whose solve met its tolerance. In runs.
    - `failed`: Runs that came to no numbers. In runs.
    """

    estimator: Literal["gif", "fif", "pif", "if"]
    modification_ratio: float | None
    selection: str | None
    solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"]
    damping: float
    self_accuracy: CompareResultRowsSelfAccuracy | None
    self_loss: CompareResultRowsSelfLoss | None
    test_accuracy: CompareResultRowsTestAccuracy | None
    test_loss: CompareResultRowsTestLoss | None
    triggered_accuracy: CompareResultRowsTriggeredAccuracy | None
    triggered_loss: CompareResultRowsTriggeredLoss | None
    attack_success_rate: CompareResultRowsAttackSuccessRate | None
    score: CompareResultRowsScore | None
    validation_score: CompareResultRowsValidationScore | None
    rounds: CompareResultRowsRounds | None
    scale: CompareResultRowsScale | None
    iterations: CompareResultRowsIterations | None
    relative_residual: CompareResultRowsRelativeResidual | None
    products: CompareResultRowsProducts | None
    seconds: CompareResultRowsSeconds | None
    converged: int
    failed: int


@dataclass(init=False, repr=False, eq=False)
class CompareResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `group`: Samples of the group that the model was trained on. In samples.
    - `changed`: With `recover`: those whose label is not the true one. In samples.
    - `validation`: Samples that the recipe holds out. In samples.
    - `hessian`: Samples that the curvature was taken over. In samples.
    - `gradient`: Samples that the gradient was taken over. In samples.
    - `runs`: Cells times repeats. In runs.
    """

    train: int
    group: int
    changed: int | None
    validation: int
    hessian: int
    gradient: int
    runs: int


@dataclass(init=False, repr=False, eq=False)
class CompareResult(Value):
    """The members of `CompareResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `rows`: A row a cell of the grid: means over its runs.
    - `runs`: Every run.
    - `before`: The checkpoint on test samples.
    - `retrained`: The newest model that was retrained on the same data, on the same samples; null if there is none.
    - `samples`: How many samples were used for what.
    - `curvature_products`: Products with curvatures, what is shared counted once. In products.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    rows: list[CompareResultRows]
    runs: list[Any]
    before: Any
    retrained: Any
    samples: CompareResultSamples
    curvature_products: int
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class TrajectoryResultParameters(Value):
    """The members of `TrajectoryResultParameters`.

    - `tensor`: The tensor.
    - `index`: The place in it, row-major.
    """

    tensor: str
    index: int


@dataclass(init=False, repr=False, eq=False)
class TrajectoryResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `group`: Samples of the group that the model was trained on. In samples.
    """

    train: int
    group: int


@dataclass(init=False, repr=False, eq=False)
class TrajectoryResultPaths(Value):
    """The members of `TrajectoryResultPaths`.

    - `path`: Its name.
    - `estimator`: Its estimator; absent of the optimum.
    - `mode`: Its mode; absent of the optimum.
    - `end`: The free parameters at its end.
    - `gradient_norm`: ‖∇R‖ of the remaining risk at its end.
    - `risk`: The remaining risk at its end.
    - `mean_gradient_norm`: The mean of the norm over the steps.
    - `mean_risk_excess`: The mean of how far the risk is above that of the optimum.
    - `mean_distance`: The mean distance from the optimum.
    - `largest_distance`: The largest distance from the optimum.
    - `converged`: Whether every solve met its tolerance.
    - `worst_residual`: The largest relative residual of its solves; of the optimum the largest gradient norm.
    - `products`: Products with the curvature. In products.
    """

    path: str
    estimator: Literal["gif", "fif", "pif", "if"] | None
    mode: Literal["cumulative", "sequential"] | None
    end: list[float]
    gradient_norm: float | None
    risk: float | None
    mean_gradient_norm: float
    mean_risk_excess: float
    mean_distance: float
    largest_distance: float
    converged: bool
    worst_residual: float | None
    products: int


@dataclass(init=False, repr=False, eq=False)
class TrajectoryResultCurve(Value):
    """The members of `TrajectoryResultCurve`.

    - `removed`: Samples that are gone. In samples.
    """

    removed: int


@dataclass(init=False, repr=False, eq=False)
class TrajectoryResult(Value):
    """The members of `TrajectoryResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `parameters`: The free parameters, in the order of the request.
    - `samples`: How many samples were used for what.
    - `steps`: Steps in which the group is taken out. In steps.
    - `paths`: A row a path; the last is the constrained optimum.
    - `curve`: A row a step, from before the first; of many steps about 1,000.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    parameters: list[TrajectoryResultParameters]
    samples: TrajectoryResultSamples
    steps: int
    paths: list[TrajectoryResultPaths]
    curve: list[TrajectoryResultCurve]
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class SpectrumResultSamples(Value):
    """How many samples were used for what.

    - `hessian`: Samples that the curvature was taken over. In samples.
    """

    hessian: int


@dataclass(init=False, repr=False, eq=False)
class SpectrumResultSpectraUncertainty(Value):
    """How close the ends are known.

    - `largest`: Of the largest eigenvalue.
    - `smallest`: Of the smallest.
    """

    largest: float | None
    smallest: float | None


@dataclass(init=False, repr=False, eq=False)
class SpectrumResultSpectraDensity(Value):
    """With `density`; its points are in `density.npy`.

    - `width`: The standard deviation of the kernel.
    - `products`: Products with the matrix. In products.
    - `negative_mass`: The share of eigenvalues below 0.
    - `mean`: The mean eigenvalue.
    """

    width: float
    products: int
    negative_mass: float
    mean: float


@dataclass(init=False, repr=False, eq=False)
class SpectrumResultSpectra(Value):
    """The members of `SpectrumResultSpectra`.

    - `loss`: The loss of the risk.
    - `l2`: λ of the risk.
    - `gradient_norm`: ‖∇R‖ of this risk at the weights.
    - `metrics`: With `retrain`: measures of the trained weights.
    - `warnings`: What concerns this row alone.
    - `eigenvalues`: By falling magnitude.
    - `residuals`: ‖Hv − σv‖ of each pair: the eigenvalue is that close.
    - `negative_share`: The share of negative eigenvalues, by those whose sign is certain.
    - `uncertain_signs`: Eigenvalues within their residual of 0. In eigenvalues.
    - `largest`: The largest eigenvalue.
    - `smallest`: The smallest eigenvalue.
    - `uncertainty`: How close the ends are known.
    - `converged`: Whether every eigenvalue meets the tolerance.
    - `reason`: Why not; null if so.
    - `products`: Products with the matrix. In products.
    - `density`: With `density`; its points are in `density.npy`.
    """

    loss: Any
    l2: float
    gradient_norm: float | None
    metrics: TrainingMetrics | None
    warnings: list[str] | None
    eigenvalues: list[float]
    residuals: list[float | None]
    negative_share: float
    uncertain_signs: int
    largest: float
    smallest: float
    uncertainty: SpectrumResultSpectraUncertainty
    converged: bool
    reason: Literal["iteration_limit"] | None
    products: int
    density: SpectrumResultSpectraDensity | None


@dataclass(init=False, repr=False, eq=False)
class SpectrumResult(Value):
    """The members of `SpectrumResult`.

    - `checkpoint`: The checkpoint that was looked at; null with `retrain`.
    - `parameters`: The dimension of the matrix. In parameters.
    - `hessian`: The matrix.
    - `samples`: How many samples were used for what.
    - `spectra`: A row a loss and a weight of `l2`.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum. Absent with `retrain`.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str | None
    parameters: int
    hessian: Literal["hessian", "gauss_newton"]
    samples: SpectrumResultSamples
    spectra: list[SpectrumResultSpectra]
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient | None
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class AttackResultTestsControl(Value):
    """The model at its minimum on the samples as they are.

    - `predicted`: The class that it names.
    - `loss`: The loss of the point.
    """

    predicted: int
    loss: float


@dataclass(init=False, repr=False, eq=False)
class AttackResultTestsPoints(Value):
    """The members of `AttackResultTestsPoints`.

    - `index`: Its place in the training split.
    - `largest_change`: The largest change of an input value, before standardisation.
    - `norm`: The 2-norm of the change, before standardisation.
    """

    index: int
    largest_change: float
    norm: float


@dataclass(init=False, repr=False, eq=False)
class AttackResultTestsCurvature(Value):
    """The matrix of the solves.

    - `hessian`: The matrix.
    - `damping`: δ of the last solve.
    """

    hessian: Literal["hessian", "gauss_newton"]
    damping: Damping


@dataclass(init=False, repr=False, eq=False)
class AttackResultTests(Value):
    """The members of `AttackResultTests`.

    - `index`: Its place in the split; null for the mean over the split.
    - `split`: The split it is of.
    - `loss`: Its loss at the checkpoint, without weight decay.
    - `samples`: Of the mean: samples of the split. In samples.
    - `label`: Its class; absent for regression and the mean.
    - `predicted`: The class that the model names; absent where `label` is.
    - `control`: The model at its minimum on the samples as they are.
    - `flipped`: Whether the attacked model names another class than `control`.
    - `iterations`: Iterations of the attack. In iterations.
    - `predicted_after`: The class that the attacked model names.
    - `loss_after`: The loss of the point under the attacked model.
    - `losses`: The loss after every iteration.
    - `gradient_norm`: ‖∇R‖ at the end of the last training.
    - `converged`: Whether every solve and training met its tolerance.
    - `reliable`: Whether every solve is good enough for the signs taken from it.
    - `relative_residual`: The largest of the solves.
    - `points`: The training points that were changed.
    - `curvature`: The matrix of the solves.
    """

    index: int | None
    split: Literal["test", "train", "validation"]
    loss: float | None
    samples: int | None
    label: int | None
    predicted: int | None
    control: AttackResultTestsControl
    flipped: bool
    iterations: int
    predicted_after: int
    loss_after: float
    losses: list[float]
    gradient_norm: float | None
    converged: bool
    reliable: bool
    relative_residual: float | None
    points: list[AttackResultTestsPoints]
    curvature: AttackResultTestsCurvature


@dataclass(init=False, repr=False, eq=False)
class AttackResult(Value):
    """The members of `AttackResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `epsilon`: The largest change of an input value.
    - `tests`: A row a test point.
    - `attacked`: Test points.
    - `flipped`: Those that are read as another class.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    epsilon: float
    tests: list[AttackResultTests]
    attacked: int
    flipped: int
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class SweepResultSummary(Value):
    """The members of `SweepResultSummary`.

    - `architecture`: The network.
    - `parameters`: Its parameters. In parameters.
    - `weight_decay`: λ.
    - `models`: How many models the means are over. In models.
    - `pearson`: The mean correlation of estimated and retrained changes over reliable test points.
    - `spearman`: The same of ranks.
    - `loss`: The mean loss on training samples.
    - `test_loss`: The mean loss on the test split.
    - `test_accuracy`: The accuracy on the test split.
    - `gradient_norm`: ‖∇R‖ at the trained weights.
    - `largest`: The largest eigenvalue of the Hessian.
    - `smallest`: The smallest eigenvalue of the Hessian.
    - `pearson_deviation`: The standard deviation, with several seeds.
    - `spearman_deviation`: The standard deviation, with several seeds.
    - `loss_deviation`: The standard deviation, with several seeds.
    - `test_loss_deviation`: The standard deviation, with several seeds.
    - `test_accuracy_deviation`: The standard deviation, with several seeds.
    - `gradient_norm_deviation`: The standard deviation, with several seeds.
    - `largest_deviation`: The standard deviation, with several seeds.
    - `smallest_deviation`: The standard deviation, with several seeds.
    """

    architecture: Any
    parameters: int | None
    weight_decay: float
    models: int
    pearson: float | None
    spearman: float | None
    loss: float | None
    test_loss: float | None
    test_accuracy: float | None
    gradient_norm: float | None
    largest: float | None
    smallest: float | None
    pearson_deviation: float | None
    spearman_deviation: float | None
    loss_deviation: float | None
    test_loss_deviation: float | None
    test_accuracy_deviation: float | None
    gradient_norm_deviation: float | None
    largest_deviation: float | None
    smallest_deviation: float | None


@dataclass(init=False, repr=False, eq=False)
class SweepResultRows(Value):
    """The members of `SweepResultRows`.

    - `architecture`: The network.
    - `parameters`: Its parameters. In parameters.
    - `weight_decay`: λ.
    - `seed`: Its seed.
    - `pearson`: The mean correlation of estimated and retrained changes over reliable test points.
    - `spearman`: The same of ranks.
    - `loss`: The mean loss on training samples.
    - `test_loss`: The mean loss on the test split.
    - `test_accuracy`: The accuracy on the test split.
    - `gradient_norm`: ‖∇R‖ at the trained weights.
    - `largest`: The largest eigenvalue of the Hessian.
    - `smallest`: The smallest eigenvalue of the Hessian.
    - `damping`: δ of the estimates.
    - `reliable`: Whether every solve is good enough for a ranking.
    - `converged`: Whether every solve, training and eigenvalue met its tolerance.
    """

    architecture: Any
    parameters: int | None
    weight_decay: float
    seed: int
    pearson: float | None
    spearman: float | None
    loss: float | None
    test_loss: float | None
    test_accuracy: float | None
    gradient_norm: float | None
    largest: float | None
    smallest: float | None
    damping: float | None
    reliable: bool
    converged: bool


@dataclass(init=False, repr=False, eq=False)
class SweepResult(Value):
    """The members of `SweepResult`.

    - `summary`: A row an architecture and weight decay: means over the seeds.
    - `measures`: The names of the columns of `measures.npy`.
    - `rows`: A row a model.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    summary: list[SweepResultSummary]
    measures: list[str]
    rows: list[SweepResultRows]
    warnings: list[str]
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class MislabeledResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `validation`: Samples that the recipe holds out. In samples.
    - `flipped`: Samples with a flipped label, if the data set knows any. In samples.
    """

    train: int
    validation: int
    flipped: int | None


@dataclass(init=False, repr=False, eq=False)
class MislabeledResultSuspects(Value):
    """The members of `MislabeledResultSuspects`.

    - `index`: The place of the sample in the training split.
    - `label`: Its label.
    - `suggested`: The other class that it looks most like.
    - `score`: What it is ordered by; null of a random order.
    - `effect`: Of `self_influence`: by how much its own loss would change without it.
    - `true_label`: Its class before the data set changed it, if it did.
    - `picture`: The path where the sample can be seen.
    """

    index: int
    label: int
    suggested: int
    score: float | None
    effect: float | None
    true_label: int | None
    picture: str


@dataclass(init=False, repr=False, eq=False)
class MislabeledResultCurve(Value):
    """The members of `MislabeledResultCurve`.

    - `inspected`: The share of the samples that was inspected.
    - `found`: The share of the flipped labels among them.
    """

    inspected: float
    found: float


@dataclass(init=False, repr=False, eq=False)
class MislabeledResultFixed(Value):
    """The members of `MislabeledResultFixed`.

    - `inspected`: The share of the samples that was inspected.
    - `samples`: How many these are. In samples.
    - `found`: The share of the flipped labels among them.
    - `test`: The model trained again, on the test split.
    - `warnings`: Sentences that a user must know before relying on the result.
    """

    inspected: float
    samples: int
    found: float
    test: Metrics
    warnings: list[str]


@dataclass(init=False, repr=False, eq=False)
class MislabeledResult(Value):
    """The members of `MislabeledResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `method`: What the samples are ordered by.
    - `samples`: How many samples were used for what.
    - `suspects`: The most suspect samples, the first first.
    - `before`: The checkpoint on the test split.
    - `curvature`: Of `self_influence`.
    - `solver`: Of `self_influence`: how good the values are.
    - `reliable`: Of `self_influence`: whether they are good enough for a ranking.
    - `curve`: The way through the order; where flipped labels are known.
    - `area`: The area under the curve: 1/2 of a random order.
    - `fixed`: The trainings with what was found put right.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    method: Literal["self_influence", "loss", "random"]
    samples: MislabeledResultSamples
    suspects: list[MislabeledResultSuspects]
    before: Metrics
    curvature: RankingCurvature | None
    solver: SelfInfluenceSolve | None
    reliable: bool | None
    curve: list[MislabeledResultCurve] | None
    area: float | None
    fixed: list[MislabeledResultFixed] | None
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


@dataclass(init=False, repr=False, eq=False)
class DomainMismatchResultSamples(Value):
    """How many samples were used for what.

    - `train`: Samples that the model was trained on. In samples.
    - `hessian`: Samples that the curvature was taken over. In samples.
    """

    train: int
    hessian: int


@dataclass(init=False, repr=False, eq=False)
class DomainMismatchResultTest(Value):
    """The test points.

    - `points`: Test points.
    - `split`: The split they are of.
    - `loss`: Their mean loss.
    """

    points: int
    split: Literal["test", "train", "validation"]
    loss: float


@dataclass(init=False, repr=False, eq=False)
class DomainMismatchResultGroups(Value):
    """The members of `DomainMismatchResultGroups`.

    - `name`: The name of the group.
    - `class_`: The class that it is.
    - `poisoned`: Whether it is this group.
    - `relabeled`: Whether it is this group.
    - `heterogeneous`: Whether it is this group.
    - `samples`: Its samples. In samples.
    - `trained`: Those that the model was trained on. In samples.
    - `effect`: The mean effect of leaving out one of them; null if nothing would remain.
    - `removal_effect`: By how much leaving all of them out changes the loss, to first order; null if nothing would
      remain.
    - `mean`: The mean score.
    - `sum`: The sum of scores.
    - `smallest`: The smallest score.
    - `largest`: The largest score.
    - `helpful_share`: The share of samples without which the loss would rise.
    """

    name: str
    class_: int | None
    poisoned: bool | None
    relabeled: bool | None
    heterogeneous: bool | None
    samples: int
    trained: int
    effect: float | None
    removal_effect: float | None
    mean: float
    sum: float
    smallest: float
    largest: float
    helpful_share: float


@dataclass(init=False, repr=False, eq=False)
class DomainMismatchResult(Value):
    """The members of `DomainMismatchResult`.

    - `checkpoint`: The checkpoint that was looked at.
    - `samples`: How many samples were used for what.
    - `curvature`: The matrix.
    - `reliable`: Whether every solve is good enough for a ranking.
    - `effect`: How effects follow from scores; null if nothing would remain.
    - `test`: The test points.
    - `groups`: The groups, the most harmful first.
    - `solver`: The solve, or one a test point.
    - `warnings`: Sentences that a user must know before relying on the result.
    - `checkpoint_gradient`: How far the checkpoint is from a minimum.
    - `artifacts`: The arrays of the job, to be had by their names.
    - `seconds`: By phase, and the total. In seconds.
    """

    checkpoint: str
    samples: DomainMismatchResultSamples
    curvature: RankingCurvature
    reliable: bool
    effect: Effect | None
    test: DomainMismatchResultTest
    groups: list[DomainMismatchResultGroups]
    solver: Any
    warnings: list[str]
    checkpoint_gradient: CheckpointGradient
    artifacts: list[Artifact]
    seconds: Seconds


RESULTS: dict[str, type[Value]] = {
    "train": TrainResult, "evaluate": EvaluateResult, "remove": RemoveResult, "retrain": RetrainResult, "influence":
    InfluenceResult, "validate": ValidateResult, "recover": RecoverResult, "compare": CompareResult, "trajectory":
    TrajectoryResult, "spectrum": SpectrumResult, "attack": AttackResult, "sweep": SweepResult, "mislabeled":
    MislabeledResult, "domain_mismatch": DomainMismatchResult,
}  # fmt: skip



class ModelJobs:
    """The jobs of a model, each as a method."""

    def start(self, kind: str, result: type[R], options: dict[str, Any]) -> Job[R]:
        raise NotImplementedError

    def train(
        self, *,
        checkpoint: Any = None,
        seed: int | None = None,
        optimizer: Literal["sgd", "adam", "lbfgs", "newton"] | None = default("sgd"),
        learning_rate: float | None = None,
        momentum: float | None = default(0.9),
        nesterov: bool | None = default(False),
        schedule: Literal["constant", "cosine", "step"] | Mapping[str, Any] | None = default("cosine"),
        epochs: int | None = None,
        batch_size: int | Literal["all"] | None = None,
        augment: Sequence[Literal["flip", "crop"]] | None = default([]),
        freeze_statistics: bool | None = default(False),
        betas: Sequence[float] | None = default([0.9, 0.999]),
        epsilon: float | None = default(1e-08),
        history: int | None = default(20),
        gradient_norm: float | None = None,
        validation: float | None = default(0.1),
        exclude: Mapping[str, Any] | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[TrainResult]:  # fmt: skip
        """Trains a model by a recipe.

        - `checkpoint`: The checkpoint where the training starts; `initial` for the model's first weights.
        - `seed`: Seeds the order of samples, augmentation and dropout.
        - `optimizer`: `lbfgs` and `newton` minimise the risk over all samples.
        - `learning_rate`: Of `sgd`, `adam`. The rate before the schedule.
        - `momentum`: Of `sgd`. The share of the last step that is kept.
        - `nesterov`: Of `sgd`. Nesterov's form of momentum.
        - `schedule`: Of `sgd`, `adam`. The learning rate over the training.
        - `epochs`: Passes over the samples.
        - `batch_size`: Samples of a step. A last batch of one sample joins the one before if batch normalization
          needs two.
        - `augment`: Of `sgd`, `adam`. Random changes of pictures, anew in every epoch.
        - `freeze_statistics`: Of `sgd`, `adam`. Batch normalization uses its running statistics, which stay as they
          are.
        - `betas`: Of `adam`. β₁ and β₂.
        - `epsilon`: Of `adam`. Added to the root of the second moment.
        - `history`: Of `lbfgs`. Pairs of steps and gradients that are kept.
        - `gradient_norm`: Of `lbfgs`, `newton`. The norm of the risk's gradient that ends the minimisation.
        - `validation`: The share of the training split that is held out. A share that is not given is 0 if it would
          hold out nothing.
        - `exclude`: Samples left out.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("train", TrainResult, {
            "checkpoint": checkpoint, "seed": seed, "optimizer": optimizer, "learning_rate": learning_rate,
            "momentum": momentum, "nesterov": nesterov, "schedule": schedule, "epochs": epochs,
            "batch_size": batch_size, "augment": augment, "freeze_statistics": freeze_statistics,
            "betas": betas, "epsilon": epsilon, "history": history, "gradient_norm": gradient_norm,
            "validation": validation, "exclude": exclude, "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def evaluate(
        self, *,
        checkpoint: Any = None,
        seed: int | None = default(0),
        dataset: Any = None,
        split: Literal["train", "test", "validation"] | None = default("test"),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[EvaluateResult]:  # fmt: skip
        """Measures a checkpoint on a split of a data set.

        - `checkpoint`: The checkpoint; one of this model's.
        - `seed`: Kept for requests of one shape; nothing is drawn.
        - `dataset`: The data set.
        - `split`: `validation`: the training samples that the training held out.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("evaluate", EvaluateResult, {
            "checkpoint": checkpoint, "seed": seed, "dataset": dataset, "split": split,
            "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def remove(
        self, *,
        checkpoint: Any = None,
        class_: int | str | None = None,
        indices: int | Sequence[int] | None = None,
        poisoned: bool | None = None,
        relabeled: bool | None = None,
        heterogeneous: bool | None = None,
        estimator: Literal["gif", "fif", "pif", "if"] | None = default("gif"),
        modification_ratio: float | None = default(0.1),
        selection: Literal["top_outputs", "top_gradients", "threshold", "random", "lowest_outputs", "lowest_gradients"] | None = default("top_outputs"),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'lsmr', 'iterations': 'auto', 'tolerance': None}),
        damping: float | None = default(0.0),
        hessian: Literal["hessian", "gauss_newton"] | None = default("hessian"),
        hessian_samples: int | Literal["all"] | None = default(1024),
        gradient_samples: int | Literal["all"] | None = default("all"),
        gradient: Literal["influence", "newton"] | None = default("influence"),
        augment: Literal["as_trained"] | Sequence[Literal["flip", "crop"]] | None = default("as_trained"),
        scales: Literal["auto"] | Sequence[float] | None = default("auto"),
        choose_by: Literal["accuracy", "likelihood"] | None = default("accuracy"),
        rounds: int | None = default(1),
        seed: int | None = default(0),
        require_convergence: bool | None = default(False),
        curve: Sequence[float] | None = default([]),
        group_term: bool | None = default(True),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[RemoveResult]:  # fmt: skip
        """Takes a class or a group of training samples out of a model without retraining.

        - `checkpoint`: The checkpoint; one of this model's.
        - `class_`: Every training sample of a class.
        - `indices`: Training samples by their indices.
        - `poisoned`: Samples with a trigger and its label, of a set derived by `poison`.
        - `relabeled`: Samples with a flipped label, of a set derived by `relabel`.
        - `heterogeneous`: Samples of another distribution, of a synthetic `linear-regression`.
        - `estimator`: The method.
        - `modification_ratio`: Share of parameters that may change.
        - `selection`: The rule that picks those parameters.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `gradient_samples`: Samples drawn for the gradient.
        - `gradient`: `influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as
          it is.
        - `augment`: Random changes of the samples of gradient and curvature, each once. `as_trained` is as the
          checkpoint's recipe does; `[]` leaves samples as they are.
        - `scales`: Factors of the update that are tried, each from the original weights. `auto` looks for the best.
        - `choose_by`: The measure on validation samples that chooses steps and scales: the score, or the same of mean
          likelihoods instead of accuracies, which few samples tell more finely.
        - `rounds`: Updates one after the other, each from where the last one led.
        - `seed`: Seeds the samples that are drawn and their augmentation.
        - `require_convergence`: The job fails if the solver misses its tolerance. The solver then always runs to the
          end of its path.
        - `curve`: Scales at which the update is also measured on the test split. None of them is chosen.
        - `group_term`: The group's own Hessian is taken out of the curvature.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("remove", RemoveResult, {
            "checkpoint": checkpoint, "class": class_, "indices": indices, "poisoned": poisoned,
            "relabeled": relabeled, "heterogeneous": heterogeneous, "estimator": estimator,
            "modification_ratio": modification_ratio, "selection": selection, "solver": solver,
            "damping": damping, "hessian": hessian, "hessian_samples": hessian_samples,
            "gradient_samples": gradient_samples, "gradient": gradient, "augment": augment,
            "scales": scales, "choose_by": choose_by, "rounds": rounds, "seed": seed,
            "require_convergence": require_convergence, "curve": curve, "group_term": group_term,
            "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def retrain(
        self, *,
        checkpoint: Any = None,
        class_: int | str | None = None,
        indices: int | Sequence[int] | None = None,
        poisoned: bool | None = None,
        relabeled: bool | None = None,
        heterogeneous: bool | None = None,
        recover: bool | None = default(False),
        seed: int | None = None,
        name: str | None = None,
        training: Mapping[str, Any] | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[RetrainResult]:  # fmt: skip
        """Trains a model again without a group, as the reference of a removal.

        A group is required, unless recover is true, or the checkpoint is an edited one: then training is on just what
        that checkpoint stands for.

        - `checkpoint`: The checkpoint; one of this model's.
        - `class_`: Every training sample of a class.
        - `indices`: Training samples by their indices.
        - `poisoned`: Samples with a trigger and its label, of a set derived by `poison`.
        - `relabeled`: Samples with a flipped label, of a set derived by `relabel`.
        - `heterogeneous`: Samples of another distribution, of a synthetic `linear-regression`.
        - `recover`: The group gets its true labels instead of being left out.
        - `seed`: Seeds the initial weights and the training.
        - `name`: The new model's name.
        - `training`: The recipe.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("retrain", RetrainResult, {
            "checkpoint": checkpoint, "class": class_, "indices": indices, "poisoned": poisoned,
            "relabeled": relabeled, "heterogeneous": heterogeneous, "recover": recover, "seed": seed,
            "name": name, "training": training, "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def influence(
        self, *,
        checkpoint: Any = None,
        influence: Literal["upweight", "perturbation"] | None = default("upweight"),
        train: int | Sequence[int] | Literal["all"] | Mapping[str, Any] | None = default("all"),
        top: int | None = default(10),
        factors: Any = None,
        test: int | Sequence[int] | Mapping[str, Any] | None = None,
        self_influence: bool | None = default(False),
        self_solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = None,
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'cg', 'iterations': None, 'tolerance': None, 'preconditioner': 'none'}),
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        seed: int | None = default(0),
        require_convergence: bool | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[InfluenceResult]:  # fmt: skip
        """Scores training samples by their influence on the loss of test points, or on their own.

        Scores +∇ℓ(test)ᵀ(H + δI)⁻¹∇ℓ(train). effect, beside each score, is the estimated change of the test loss if
        the training sample is left out, in units of the loss: positive where the sample helps. It is scale · score +
        offset with the numbers of the test's effect, so that scores.npy gives the effects of all samples. With
        self_influence, test may be absent.

        - `checkpoint`: The checkpoint; one of this model's.
        - `influence`: `upweight`: the sample's weight changes. `perturbation`: its features change.
        - `train`: The training samples that are scored.
        - `top`: Training samples that are named for each test point, at either end.
        - `factors`: A job of this kind whose factors are used again. `test`, `solver`, `damping`, `hessian` and
          `hessian_samples` are then that job's.
        - `test`: The points whose loss is explained.
        - `self_influence`: The influence of each training sample on its own loss.
        - `self_solver`: The solver of the self-influence.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `seed`: Seeds the samples that are drawn.
        - `require_convergence`: `true`: the job fails if a solve misses its tolerance. `false`: the job never fails
          for that, and answers with a residual above 0.1 have `reliable` false.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("influence", InfluenceResult, {
            "checkpoint": checkpoint, "influence": influence, "train": train, "top": top,
            "factors": factors, "test": test, "self_influence": self_influence, "self_solver": self_solver,
            "solver": solver, "damping": damping, "hessian": hessian, "hessian_samples": hessian_samples,
            "seed": seed, "require_convergence": require_convergence, "priority": priority,
            "time_limit": time_limit
        })  # fmt: skip

    def validate(
        self, *,
        checkpoint: Any = None,
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'cg', 'iterations': None, 'tolerance': None, 'preconditioner': 'none'}),
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        test: int | Sequence[int] | Mapping[str, Any] | None = None,
        candidates: Literal["top", "percentile", "random"] | Mapping[str, Any] | None = None,
        count: int | None = None,
        groups: Mapping[str, Any] | Sequence[Sequence[int]] | None = None,
        norms: bool | None = None,
        newton: bool | None = default(True),
        from_: Literal["checkpoint", "scratch"] | None = default("checkpoint"),
        retrain_steps: int | None = None,
        retrain_fraction: float | None = None,
        retrain_rate: float | None = None,
        training: Mapping[str, Any] | None = None,
        precision: Literal["float32", "float64"] | None = None,
        seed: int | None = default(0),
        require_convergence: bool | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[ValidateResult]:  # fmt: skip
        """Measures estimates of influence against training without the samples.

        Estimates of what removing training samples does to the loss of test points, beside training without them and
        a control training that leaves nothing out. A float32 model may be validated in float64.

        - `checkpoint`: The checkpoint; one of this model's.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `test`: The points whose loss is measured.
        - `candidates`: Samples that are left out one at a time: by the absolute score of each test point, or at
          random, or named.
        - `count`: How many of them.
        - `groups`: Groups that are left out together: so many random ones of a `fraction` or a `size`, or lists of
          indices.
        - `norms`: The change of the weights by every candidate is estimated, which is a solve each.
        - `newton`: Groups also get the estimate whose curvature is that of the remaining samples.
        - `from_`: The weights where trainings begin.
        - `retrain_steps`: Steps of a training, or iterations of a minimiser.
        - `retrain_fraction`: The same as a share of the recipe's.
        - `retrain_rate`: The learning rate of the trainings, as a share of the recipe's.
        - `training`: The recipe; required if the checkpoint has none. `lbfgs` and `newton` go on until rounding ends
          them.
        - `precision`: The precision of everything computed.
        - `seed`: Seeds what is drawn.
        - `require_convergence`: `true`: the job fails if a solve misses its tolerance. `false`: the job never fails
          for that, and answers with a residual above 0.1 have `reliable` false.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("validate", ValidateResult, {
            "checkpoint": checkpoint, "solver": solver, "damping": damping, "hessian": hessian,
            "hessian_samples": hessian_samples, "test": test, "candidates": candidates, "count": count,
            "groups": groups, "norms": norms, "newton": newton, "from": from_,
            "retrain_steps": retrain_steps, "retrain_fraction": retrain_fraction,
            "retrain_rate": retrain_rate, "training": training, "precision": precision, "seed": seed,
            "require_convergence": require_convergence, "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def recover(
        self, *,
        checkpoint: Any = None,
        class_: int | str | None = None,
        indices: int | Sequence[int] | None = None,
        poisoned: bool | None = None,
        relabeled: bool | None = None,
        heterogeneous: bool | None = None,
        estimator: Literal["gif", "fif", "pif", "if"] | None = default("gif"),
        modification_ratio: float | None = default(0.1),
        selection: Literal["top_outputs", "top_gradients", "threshold", "random", "lowest_outputs", "lowest_gradients"] | None = default("top_outputs"),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'lsmr', 'iterations': 'auto', 'tolerance': None}),
        damping: float | None = default(0.0),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = default(1024),
        gradient_samples: int | Literal["all"] | None = default("all"),
        gradient: Literal["influence", "newton"] | None = default("influence"),
        augment: Literal["as_trained"] | Sequence[Literal["flip", "crop"]] | None = default("as_trained"),
        scales: Literal["auto"] | Sequence[float] | None = default("auto"),
        choose_by: Literal["accuracy", "likelihood"] | None = default("likelihood"),
        rounds: int | None = default(5),
        seed: int | None = default(0),
        require_convergence: bool | None = default(False),
        curve: Sequence[float] | None = default([]),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[RecoverResult]:  # fmt: skip
        """Exchanges poisoned or relabelled training samples for their true labels without retraining.

        The group defaults to the samples whose label was changed by poison, or else by relabel.

        - `checkpoint`: The checkpoint; one of this model's.
        - `class_`: Every training sample of a class.
        - `indices`: Training samples by their indices.
        - `poisoned`: Samples with a trigger and its label, of a set derived by `poison`.
        - `relabeled`: Samples with a flipped label, of a set derived by `relabel`.
        - `heterogeneous`: Samples of another distribution, of a synthetic `linear-regression`.
        - `estimator`: The method.
        - `modification_ratio`: Share of parameters that may change.
        - `selection`: The rule that picks those parameters.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `gradient_samples`: Samples drawn for the gradient.
        - `gradient`: `influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as
          it is.
        - `augment`: Random changes of the samples of gradient and curvature, each once. `as_trained` is as the
          checkpoint's recipe does; `[]` leaves samples as they are.
        - `scales`: Factors of the update that are tried, each from the original weights. `auto` looks for the best.
        - `choose_by`: The measure on validation samples that chooses steps and scales: the score, or the same of mean
          likelihoods instead of accuracies, which few samples tell more finely.
        - `rounds`: Updates one after the other, each from where the last one led.
        - `seed`: Seeds the samples that are drawn and their augmentation.
        - `require_convergence`: The job fails if the solver misses its tolerance. The solver then always runs to the
          end of its path.
        - `curve`: Scales at which the update is also measured on the test split. None of them is chosen.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("recover", RecoverResult, {
            "checkpoint": checkpoint, "class": class_, "indices": indices, "poisoned": poisoned,
            "relabeled": relabeled, "heterogeneous": heterogeneous, "estimator": estimator,
            "modification_ratio": modification_ratio, "selection": selection, "solver": solver,
            "damping": damping, "hessian": hessian, "hessian_samples": hessian_samples,
            "gradient_samples": gradient_samples, "gradient": gradient, "augment": augment,
            "scales": scales, "choose_by": choose_by, "rounds": rounds, "seed": seed,
            "require_convergence": require_convergence, "curve": curve, "priority": priority,
            "time_limit": time_limit
        })  # fmt: skip

    def compare(
        self, *,
        checkpoint: Any = None,
        class_: int | str | None = None,
        indices: int | Sequence[int] | None = None,
        poisoned: bool | None = None,
        relabeled: bool | None = None,
        heterogeneous: bool | None = None,
        recover: bool | None = default(False),
        estimator: Literal["gif", "fif", "pif", "if"] | Sequence[Literal["gif", "fif", "pif", "if"]] | None = default(['gif']),
        modification_ratio: float | Sequence[float] | None = default([0.1]),
        selection: Literal["top_outputs", "top_gradients", "threshold", "random", "lowest_outputs", "lowest_gradients"] | Sequence[Literal["top_outputs", "top_gradients", "threshold", "random", "lowest_outputs", "lowest_gradients"]] | None = default(['top_outputs']),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | Sequence[Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any]] | None = default([{'name': 'lsmr', 'iterations': 'auto', 'tolerance': None}]),
        damping: float | Sequence[float] | None = default([0.0]),
        repeats: int | None = default(1),
        hessian: Literal["hessian", "gauss_newton"] | None = default("hessian"),
        hessian_samples: int | Literal["all"] | None = default(1024),
        group_term: bool | None = default(True),
        gradient_samples: int | Literal["all"] | None = default("all"),
        gradient: Literal["influence", "newton"] | None = default("influence"),
        augment: Literal["as_trained"] | Sequence[Literal["flip", "crop"]] | None = default("as_trained"),
        scales: Literal["auto"] | Sequence[float] | None = default("auto"),
        choose_by: Literal["accuracy", "likelihood"] | None = default("accuracy"),
        rounds: int | None = default(1),
        seed: int | None = default(0),
        require_convergence: bool | None = default(False),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[CompareResult]:  # fmt: skip
        """Compares the updates of a grid of estimators, shares of parameters and selections, with repeats.

        A group is required, unless recover is true. A member of the grid is a list or one element. Defaults are those
        of remove, or with recover those of recover.

        - `checkpoint`: The checkpoint; one of this model's.
        - `class_`: Every training sample of a class.
        - `indices`: Training samples by their indices.
        - `poisoned`: Samples with a trigger and its label, of a set derived by `poison`.
        - `relabeled`: Samples with a flipped label, of a set derived by `relabel`.
        - `heterogeneous`: Samples of another distribution, of a synthetic `linear-regression`.
        - `recover`: The group gets its true labels instead of being taken out.
        - `estimator`: The methods.
        - `modification_ratio`: Shares of parameters that may change.
        - `selection`: The rules that pick those parameters.
        - `solver`: The solvers.
        - `damping`: δ, added to the diagonal.
        - `repeats`: Runs of each cell, with seed, seed + 1, …
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `group_term`: The group's own Hessian is taken out of the curvature.
        - `gradient_samples`: Samples drawn for the gradient.
        - `gradient`: `influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as
          it is.
        - `augment`: Random changes of the samples of gradient and curvature, each once. `as_trained` is as the
          checkpoint's recipe does; `[]` leaves samples as they are.
        - `scales`: Factors of the update that are tried, each from the original weights. `auto` looks for the best.
        - `choose_by`: The measure on validation samples that chooses steps and scales: the score, or the same of mean
          likelihoods instead of accuracies, which few samples tell more finely.
        - `rounds`: Updates one after the other, each from where the last one led.
        - `seed`: Seeds the samples that are drawn and their augmentation.
        - `require_convergence`: The job fails if the solver misses its tolerance. The solver then always runs to the
          end of its path.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("compare", CompareResult, {
            "checkpoint": checkpoint, "class": class_, "indices": indices, "poisoned": poisoned,
            "relabeled": relabeled, "heterogeneous": heterogeneous, "recover": recover,
            "estimator": estimator, "modification_ratio": modification_ratio, "selection": selection,
            "solver": solver, "damping": damping, "repeats": repeats, "hessian": hessian,
            "hessian_samples": hessian_samples, "group_term": group_term,
            "gradient_samples": gradient_samples, "gradient": gradient, "augment": augment,
            "scales": scales, "choose_by": choose_by, "rounds": rounds, "seed": seed,
            "require_convergence": require_convergence, "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def trajectory(
        self, *,
        parameters: Sequence[int | Mapping[str, Any]],
        checkpoint: Any = None,
        class_: int | str | None = None,
        indices: int | Sequence[int] | None = None,
        poisoned: bool | None = None,
        relabeled: bool | None = None,
        heterogeneous: bool | None = None,
        order: Literal["ascending", "descending", "random"] | None = default("ascending"),
        step: int | None = default(1),
        estimators: Sequence[Literal["gif", "fif", "pif"]] | None = default(['gif', 'fif', 'pif']),
        modes: Sequence[Literal["cumulative", "sequential"]] | None = default(['cumulative', 'sequential']),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'lsmr', 'iterations': None, 'tolerance': None}),
        damping: float | None = default(0.0),
        hessian: Literal["hessian", "gauss_newton"] | None = default("hessian"),
        hessian_samples: int | Literal["all"] | None = default("all"),
        gradient: Literal["influence", "newton"] | None = default("influence"),
        seed: int | None = default(0),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[TrajectoryResult]:  # fmt: skip
        """Follows free parameters while samples are taken out, beside the constrained optimum.

        - `parameters`: The free parameters: places over all tensors in PyTorch's order, or a tensor and places in it.
        - `checkpoint`: The checkpoint; one of this model's.
        - `class_`: Every training sample of a class.
        - `indices`: Training samples by their indices.
        - `poisoned`: Samples with a trigger and its label, of a set derived by `poison`.
        - `relabeled`: Samples with a flipped label, of a set derived by `relabel`.
        - `heterogeneous`: Samples of another distribution, of a synthetic `linear-regression`.
        - `order`: The order in which the samples are taken out.
        - `step`: Samples taken out at a time.
        - `estimators`: The methods.
        - `modes`: `cumulative`: each point from the original weights. `sequential`: each from the last one.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `gradient`: `influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as
          it is.
        - `seed`: Seeds the samples that are drawn.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("trajectory", TrajectoryResult, {
            "parameters": parameters, "checkpoint": checkpoint, "class": class_, "indices": indices,
            "poisoned": poisoned, "relabeled": relabeled, "heterogeneous": heterogeneous, "order": order,
            "step": step, "estimators": estimators, "modes": modes, "solver": solver, "damping": damping,
            "hessian": hessian, "hessian_samples": hessian_samples, "gradient": gradient, "seed": seed,
            "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def spectrum(
        self, *,
        checkpoint: Any = None,
        count: int | None = default(20),
        loss: Literal["cross_entropy", "binary_cross_entropy", "mse", "huber", "poisson", "hinge"] | Mapping[str, Any] | Sequence[Literal["cross_entropy", "binary_cross_entropy", "mse", "huber", "poisson", "hinge"] | Mapping[str, Any]] | None = None,
        l2: float | Sequence[float] | None = None,
        retrain: bool | None = default(False),
        training: Mapping[str, Any] | None = None,
        hessian: Literal["hessian", "gauss_newton"] | None = default("hessian"),
        hessian_samples: int | Literal["all"] | None = default(4096),
        tolerance: float | None = None,
        iterations: int | None = default(2000),
        density: Mapping[str, Any] | None = None,
        seed: int | None = default(0),
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[SpectrumResult]:  # fmt: skip
        """Finds the largest-magnitude eigenvalues of the risk's curvature.

        - `checkpoint`: The checkpoint; one of this model's.
        - `count`: Eigenvalues.
        - `loss`: The losses, all at the same weights unless `retrain` is true.
        - `l2`: λ of the risk, which shifts the spectrum.
        - `retrain`: A model is trained for each loss and `l2`.
        - `training`: The recipe, with `retrain`.
        - `hessian`: The matrix.
        - `hessian_samples`: Samples drawn for the curvature.
        - `tolerance`: On ‖Hv − λv‖, relative to the largest magnitude.
        - `iterations`: The most products for one loss.
        - `density`: The spectral density by stochastic Lanczos quadrature: an object with `probes`, `steps`,
          `points`, `width`.
        - `seed`: Seeds the samples and the probes.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("spectrum", SpectrumResult, {
            "checkpoint": checkpoint, "count": count, "loss": loss, "l2": l2, "retrain": retrain,
            "training": training, "hessian": hessian, "hessian_samples": hessian_samples,
            "tolerance": tolerance, "iterations": iterations, "density": density, "seed": seed,
            "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def attack(
        self, *,
        test: int | Sequence[int] | Mapping[str, Any],
        checkpoint: Any = None,
        train: int | Sequence[int] | Literal["all"] | Mapping[str, Any] | None = default({'count': 1}),
        epsilon: float | None = default(0.1),
        step: float | None = None,
        iterations: int | None = default(50),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'cg', 'iterations': None, 'tolerance': None, 'preconditioner': 'none'}),
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        training: Any = None,
        seed: int | None = default(0),
        require_convergence: bool | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[AttackResult]:  # fmt: skip
        """Changes training inputs a little so that the model, trained again, misreads a test point.

        - `test`: The test points, each attacked by itself.
        - `checkpoint`: The checkpoint; one of this model's.
        - `train`: The training samples that may change, by index, or how many of the strongest.
        - `epsilon`: The most that an input value may move before normalization: a share of the range of pictures and
          bytes, which no value leaves, and units of a feature otherwise.
        - `step`: The move of one iteration.
        - `iterations`: Steps of the attack.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `training`: How the model is trained again, from its checkpoint: by `lbfgs` or `newton`. `validation` and
          `exclude` are the model's.
        - `seed`: Seeds the samples that are drawn.
        - `require_convergence`: `true`: the job fails if a solve misses its tolerance. `false`: the job never fails
          for that, and answers with a residual above 0.1 have `reliable` false.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("attack", AttackResult, {
            "test": test, "checkpoint": checkpoint, "train": train, "epsilon": epsilon, "step": step,
            "iterations": iterations, "solver": solver, "damping": damping, "hessian": hessian,
            "hessian_samples": hessian_samples, "training": training, "seed": seed,
            "require_convergence": require_convergence, "priority": priority, "time_limit": time_limit
        })  # fmt: skip

    def mislabeled(
        self, *,
        checkpoint: Any = None,
        method: Literal["self_influence", "loss", "random"] | None = default("loss"),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = None,
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        fix_at: Sequence[float] | None = None,
        training: Mapping[str, Any] | None = None,
        top: int | None = default(20),
        seed: int | None = default(0),
        require_convergence: bool | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[MislabeledResult]:  # fmt: skip
        """Looks for flipped labels by self-influence or loss, and trains again with what was found put right.

        Ranks the training samples of any classification by how likely their labels are wrong. suspects lists the
        first top of them with the class that each looks like. Where the data set was derived with relabel, curve,
        area and fixed say what was found.

        - `checkpoint`: The checkpoint; one of this model's.
        - `method`: The measure that samples are ranked by; `random` to compare.
        - `solver`: The solver of the self-influence.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `fix_at`: Inspected shares after which the model is trained again with what was found put right.
        - `training`: The recipe.
        - `top`: Suspects that the result lists.
        - `seed`: Seeds the samples that are drawn.
        - `require_convergence`: `true`: the job fails if a solve misses its tolerance. `false`: the job never fails
          for that, and answers with a residual above 0.1 have `reliable` false.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("mislabeled", MislabeledResult, {
            "checkpoint": checkpoint, "method": method, "solver": solver, "damping": damping,
            "hessian": hessian, "hessian_samples": hessian_samples, "fix_at": fix_at, "training": training,
            "top": top, "seed": seed, "require_convergence": require_convergence, "priority": priority,
            "time_limit": time_limit
        })  # fmt: skip

    def domain_mismatch(
        self, *,
        checkpoint: Any = None,
        test: int | Sequence[int] | Mapping[str, Any] | None = None,
        groups: Literal["class"] | Sequence[Mapping[str, Any]] | None = None,
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'cg', 'iterations': None, 'tolerance': None, 'preconditioner': 'none'}),
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        seed: int | None = default(0),
        require_convergence: bool | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[DomainMismatchResult]:  # fmt: skip
        """Ranks groups of training samples by their mean influence on test points.

        - `checkpoint`: The checkpoint; one of this model's.
        - `test`: The points whose loss is explained.
        - `groups`: The groups, each with a `name` if wanted.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `seed`: Seeds the samples that are drawn.
        - `require_convergence`: `true`: the job fails if a solve misses its tolerance. `false`: the job never fails
          for that, and answers with a residual above 0.1 have `reliable` false.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("domain_mismatch", DomainMismatchResult, {
            "checkpoint": checkpoint, "test": test, "groups": groups, "solver": solver, "damping": damping,
            "hessian": hessian, "hessian_samples": hessian_samples, "seed": seed,
            "require_convergence": require_convergence, "priority": priority, "time_limit": time_limit
        })  # fmt: skip


class DatasetJobs:
    """The jobs that need a data set alone."""

    def start(self, kind: str, result: type[R], options: dict[str, Any]) -> Job[R]:
        raise NotImplementedError

    def sweep(
        self, *,
        architectures: Sequence[Literal["linear", "logistic", "mlp", "cnn", "small_cnn", "lenet", "vgg11", "vgg13", "vgg14", "vgg16", "vgg19", "resnet18", "resnet50", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn", "squeezenet1_1", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x1_0", "efficientnet_b0", "convnext_tiny", "swin_t", "vit_b_16"] | Mapping[str, Any]],
        weight_decays: Sequence[float] | None = default([0.0]),
        seeds: int | Sequence[int] | None = default([0]),
        precision: Literal["float32", "float64"] | None = default("float64"),
        loss: Literal["cross_entropy", "binary_cross_entropy", "mse", "huber", "poisson", "hinge"] | Mapping[str, Any] | None = default("cross_entropy"),
        solver: Literal["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"] | Mapping[str, Any] | None = default({'name': 'cg', 'iterations': None, 'tolerance': None, 'preconditioner': 'none'}),
        damping: Literal["auto"] | float | None = default("auto"),
        hessian: Literal["hessian", "gauss_newton"] | None = default("gauss_newton"),
        hessian_samples: int | Literal["all"] | None = None,
        test: int | Sequence[int] | Mapping[str, Any] | None = None,
        candidates: Literal["top", "percentile", "random"] | Mapping[str, Any] | None = None,
        count: int | None = None,
        groups: Any = None,
        norms: bool | None = None,
        newton: bool | None = default(True),
        from_: Literal["checkpoint", "scratch"] | None = default("checkpoint"),
        retrain_steps: int | None = None,
        retrain_fraction: float | None = None,
        retrain_rate: float | None = None,
        training: Mapping[str, Any] | None = None,
        priority: int | None = default(0),
        time_limit: float | None = None,
    ) -> Job[SweepResult]:  # fmt: skip
        """Trains the models of a grid of architectures and weight decays, and validates influence on each.

        Trains a model for every architecture, weight decay and seed, and validates influence on each as a validate
        job does; the models are not kept.

        - `architectures`: The networks.
        - `weight_decays`: λ of the risks.
        - `seeds`: Seeds of weights, order of samples and draws. A number n means 0 to n − 1.
        - `precision`: The precision of everything computed.
        - `loss`: The loss.
        - `solver`: The solver.
        - `damping`: δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its
          steps; 0 for a minimiser, or as small as rounding allows if there is no weight decay; else a thousandth of
          the largest eigenvalue. The result's `curvature` says which.
        - `hessian`: The matrix. `gauss_newton` is positive semidefinite.
        - `hessian_samples`: Samples drawn for the curvature.
        - `test`: The points whose loss is measured.
        - `candidates`: Samples that are left out one at a time: by the absolute score of each test point, or at
          random, or named.
        - `count`: How many of them.
        - `groups`: Cannot be given: single samples are left out.
        - `norms`: The change of the weights by every candidate is estimated, which is a solve each.
        - `newton`: Groups also get the estimate whose curvature is that of the remaining samples.
        - `from_`: The weights where trainings begin.
        - `retrain_steps`: Steps of a training, or iterations of a minimiser.
        - `retrain_fraction`: The same as a share of the recipe's.
        - `retrain_rate`: The learning rate of the trainings, as a share of the recipe's.
        - `training`: The recipe; required if the checkpoint has none. `lbfgs` and `newton` go on until rounding ends
          them.
        - `priority`: Higher goes first.
        - `time_limit`: Seconds that the job may run, all attempts together; at most the configuration's
          `job_time_limit`.
        """
        return self.start("sweep", SweepResult, {
            "architectures": architectures, "weight_decays": weight_decays, "seeds": seeds,
            "precision": precision, "loss": loss, "solver": solver, "damping": damping, "hessian": hessian,
            "hessian_samples": hessian_samples, "test": test, "candidates": candidates, "count": count,
            "groups": groups, "norms": norms, "newton": newton, "from": from_,
            "retrain_steps": retrain_steps, "retrain_fraction": retrain_fraction,
            "retrain_rate": retrain_rate, "training": training, "priority": priority,
            "time_limit": time_limit
        })  # fmt: skip
