/// Every kind of job that this program runs.
public enum StandardJobs {
  public static let kinds: [JobKind] = [
    JobKind(TrainRequest.self, summary: "Trains a model by a recipe.") {
      TrainRun(request: $0, environment: $1)
    },
    JobKind(
      EvaluateRequest.self, summary: "Measures a checkpoint on a split of a data set.", isShort: true
    ) { EvaluateRun(request: $0, environment: $1) },
    JobKind(
      RemoveRequest.self,
      summary: "Takes a class or a group of training samples out of a model without retraining."
    ) { RemoveRun(request: $0, environment: $1) },
    JobKind(
      RetrainRequest.self, summary: "Trains a model again without a group, as the reference of a removal."
    ) { RetrainRun(request: $0, environment: $1) },
    JobKind(
      InfluenceRequest.self,
      summary: "Scores training samples by their influence on the loss of test points, or on their own."
    ) { InfluenceRun(request: $0, environment: $1) },
    JobKind(
      ValidateRequest.self, summary: "Measures estimates of influence against training without the samples."
    ) { ValidateRun(request: $0, environment: $1) },
    JobKind(
      RecoverRequest.self,
      summary: "Exchanges poisoned or relabelled training samples for their true labels without retraining."
    ) { RecoverRun(request: $0, environment: $1) },
    JobKind(
      CompareRequest.self,
      summary:
        "Compares the updates of a grid of estimators, shares of parameters and selections, with repeats."
    ) { CompareRun(request: $0, environment: $1) },
    JobKind(
      TrajectoryRequest.self,
      summary: "Follows free parameters while samples are taken out, beside the constrained optimum."
    ) { TrajectoryRun(request: $0, environment: $1) },
    JobKind(
      SpectrumRequest.self, summary: "Finds the largest-magnitude eigenvalues of the risk's curvature."
    ) { SpectrumRun(request: $0, environment: $1) },
    JobKind(
      AttackRequest.self,
      summary: "Changes training inputs a little so that the model, trained again, misreads a test point."
    ) { AttackRun(request: $0, environment: $1) },
    JobKind(
      SweepRequest.self,
      summary:
        "Trains the models of a grid of architectures and weight decays, and validates influence on each."
    ) { SweepRun(request: $0, environment: $1) },
    JobKind(
      MislabeledRequest.self,
      summary:
        "Looks for flipped labels by self-influence or loss, and trains again with what was found put right."
    ) { MislabeledRun(request: $0, environment: $1) },
    JobKind(
      DomainMismatchRequest.self,
      summary: "Ranks groups of training samples by their mean influence on test points."
    ) { DomainMismatchRun(request: $0, environment: $1) },
  ]
}
