/// The faults of a description of a network, each with the path to it.
public struct ArchitectureFaults: Error, Equatable {
  public struct Fault: Sendable, Equatable {
    /// Keys and indices from the architecture down, such as ["layers", "3", "in_channels"].
    public var path: [String]
    public var detail: String

    public init(path: [String], detail: String) {
      self.path = path
      self.detail = detail
    }
  }

  public var faults: [Fault]

  public init(_ faults: [Fault]) { self.faults = faults }
}

extension ArchitectureFaults: CustomStringConvertible {
  public var description: String {
    faults.map { fault in
      fault.path.isEmpty ? fault.detail : "\(fault.path.joined(separator: "/")) \(fault.detail)"
    }.joined(separator: "; ")
  }
}
