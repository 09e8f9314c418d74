/// Every kind of job that this program runs.
public enum StandardJobs {
  public static let kinds: [JobKind] = [
    JobKind(TrainRequest.self) { TrainRun(request: $0, environment: $1) },
    JobKind(EvaluateRequest.self, isShort: true) { EvaluateRun(request: $0, environment: $1) },
    JobKind(RemoveRequest.self) { RemoveRun(request: $0, environment: $1) },
    JobKind(RetrainRequest.self) { RetrainRun(request: $0, environment: $1) },
    JobKind(InfluenceRequest.self) { InfluenceRun(request: $0, environment: $1) },
    JobKind(ValidateRequest.self) { ValidateRun(request: $0, environment: $1) },
    JobKind(RecoverRequest.self) { RecoverRun(request: $0, environment: $1) },
    JobKind(CompareRequest.self) { CompareRun(request: $0, environment: $1) },
    JobKind(TrajectoryRequest.self) { TrajectoryRun(request: $0, environment: $1) },
    JobKind(SpectrumRequest.self) { SpectrumRun(request: $0, environment: $1) },
    JobKind(AttackRequest.self) { AttackRun(request: $0, environment: $1) },
    JobKind(SweepRequest.self) { SweepRun(request: $0, environment: $1) },
    JobKind(MislabeledRequest.self) { MislabeledRun(request: $0, environment: $1) },
    JobKind(DomainMismatchRequest.self) { DomainMismatchRun(request: $0, environment: $1) },
  ]
}
