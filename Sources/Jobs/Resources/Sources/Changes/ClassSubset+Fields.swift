import Datasets
import JSON

extension ClassSubset {
  /// A list of classes. The faults of the change report repetitions and classes that the base lacks.
  static let form: Form<ClassSubset> = {
    let most = ParameterRanges.classes.upperBound
    return Form<[Int]>.list(of: .index, atMost: most)
      .described(by: Schema.list(Schema.index, from: 2, to: most, isSet: true))
      .map({ ClassSubset($0) }, { $0.classes })
  }()
}
