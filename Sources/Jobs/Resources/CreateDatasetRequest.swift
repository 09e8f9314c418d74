import Datasets
import JSON

/// The body of `POST /v1/datasets`.
public struct CreateDatasetRequest: Sendable, Equatable {
  public var name: String
  public var source: DatasetSource

  public static let fields = Fields<CreateDatasetRequest>([
    .required("name", \.name, .resourceName, "The data set's name."),
    .required(
      "source", \.source, DatasetSource.form.described(by: Schema.ref("DatasetSource")),
      "The samples: a `format` and its members."),
  ])

  /// A body without any member, with placeholders for required members.
  public static let standard = CreateDatasetRequest(name: "", source: DatasetSource(BuiltInSource(.iris)))

  private init(name: String, source: DatasetSource) {
    self.name = name
    self.source = source
  }

  /// Reads a body; throws `RequestRejection` with every fault.
  public init(_ body: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let reader = FieldReader(body, faults: faults)
    self = Self.standard
    Self.fields.read(reader, into: &self)
    reader.finish()
    try faults.throwIfAny()
  }

  /// The body with every default filled in.
  public var json: JSONValue { .object(Self.fields.write(self)) }
}
