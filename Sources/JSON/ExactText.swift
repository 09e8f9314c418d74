/// A text as a key. Two texts are equal if they have the same bytes.
///
/// Swift's `String` compares by canonical equivalence: "é" of one scalar equals "é" of two, and the Kelvin
/// sign equals "K". Names of users and files must not be merged like that.
public struct ExactText: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (left: ExactText, right: ExactText) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xFF as UInt8)
  }
}

extension String {
  /// Whether both have the same bytes. `==` also holds for texts that differ in their Unicode form.
  public func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
