/// The context of one part of a job, such as one of several trainings. The part's progress fills a span of
/// the job's progress, and its resume states have names of their own.
final class PartContext: JobContext {
  private let whole: any JobContext
  private let span: ClosedRange<Double>
  private let name: String
  private let title: String

  /// - Parameters:
  ///   - name: distinguishes its resume states from those of other parts.
  ///   - span: the shares of the whole job that are done when the part begins and ends.
  ///   - title: stands before the part's own details; may be empty.
  init(_ whole: any JobContext, name: String, span: ClosedRange<Double>, title: String = "") {
    self.whole = whole
    self.name = name
    self.span = span
    self.title = title
  }

  var id: String { whole.id }
  var attempt: Int { whole.attempt }
  var interruption: JobInterruption? { whole.interruption }
  var phaseSeconds: [(phase: String, seconds: Double)] { whole.phaseSeconds }

  func progress(_ fraction: Double, phase: String, detail: String) {
    whole.progress(
      span.lowerBound + min(max(fraction, 0), 1) * (span.upperBound - span.lowerBound), phase: phase,
      detail: title.isEmpty ? detail : detail.isEmpty ? title : "\(title): \(detail)")
  }

  func resumeState(_ stage: String) throws -> [UInt8]? { try whole.resumeState("\(name) \(stage)") }

  func saveResumeState(_ stage: String, _ bytes: [UInt8]) throws {
    try whole.saveResumeState("\(name) \(stage)", bytes)
  }

  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String {
    var draft = draft
    draft.stage = "\(name) \(draft.stage)"
    return try whole.saveCheckpoint(draft, write)
  }

  func writeArtifact(
    _ name: String, type: ArtifactElement, shape: [Int], _ write: (ByteSink) throws -> Void
  ) throws { try whole.writeArtifact(name, type: type, shape: shape, write) }

  func createModel(_ model: CatalogModel, exactName: Bool) throws -> String {
    try whole.createModel(model, exactName: exactName)
  }

  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) throws {
    try whole.setTraining(recipe, ofModel: name)
  }

  func log(_ message: String) { whole.log(message) }
}
