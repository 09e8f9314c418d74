/// One fault of a request body: its place, and the value that would be right.
public struct RequestFault: Hashable, Sendable, CustomStringConvertible {
  public var pointer: String
  public var detail: String

  public init(pointer: String, detail: String) {
    self.pointer = pointer
    self.detail = detail
  }

  public var description: String { pointer.isEmpty ? detail : "\(pointer) \(detail)" }

  public var json: JSONValue { ["pointer": .string(pointer), "detail": .string(detail)] }
}

/// A request body that is JSON but not acceptable (`422`), with all its faults.
public struct RequestRejection: Error, Hashable, Sendable, CustomStringConvertible {
  public var faults: [RequestFault]

  public init(faults: [RequestFault]) { self.faults = faults }

  public var description: String { faults.map(\.description).joined(separator: "; ") }
}

/// Gathers the faults of one body while it is read.
public final class RequestFaults {
  /// A hostile body must not cause an answer many times its own size.
  public static let maximumCount = 100

  public private(set) var list: [RequestFault] = []
  private var omitted = 0

  public init() {}

  public var isEmpty: Bool { list.isEmpty }
  /// Whether further faults are only counted.
  package var isFull: Bool { list.count >= Self.maximumCount }

  public func add(_ detail: String, at pointer: JSONPointer) {
    guard list.count < Self.maximumCount else {
      omitted += 1
      return
    }
    list.append(RequestFault(pointer: pointer.description, detail: detail))
  }

  /// Adds faults that were found with placeholders for unreadable members. Only faults at members of the body
  /// that had no fault before are certain.
  package func add(_ further: [RequestFault], sayingMoreOf body: JSONValue) {
    func member(_ pointer: String) -> Substring? { pointer.split(separator: "/").first }
    let known = Set(list.compactMap { member($0.pointer) })
    for fault in further {
      guard let name = member(fault.pointer), !known.contains(name), body[String(name)] != nil else {
        continue
      }
      guard list.count < Self.maximumCount else {
        omitted += 1
        continue
      }
      list.append(fault)
    }
  }

  /// Throws `RequestRejection` if there is a fault.
  public func throwIfAny() throws(RequestRejection) {
    guard !list.isEmpty else { return }
    var faults = list
    if omitted > 0 { faults.append(RequestFault(pointer: "", detail: "and \(omitted) more faults")) }
    throw RequestRejection(faults: faults)
  }
}
