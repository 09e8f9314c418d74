import Formats
import HTTP

/// Checks `Authorization: Bearer …` (RFC 6750 §2.1) against the configured token, in constant time.
struct Authorization: Sendable {
  private let digest: SHA256.Digest?

  /// - Parameter token: nil admits everybody.
  init(token: String?) { digest = token.map { SHA256.digest(of: Array($0.utf8)) } }

  /// Throws a `Problem` (401) if the token is missing or wrong.
  func check(_ request: Request) throws(Problem) {
    guard let digest else { return }
    let values = request.headers.all(named: "Authorization")
    guard values.count == 1, let value = values.first else { throw Self.refusal("a token is needed") }
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      throw Self.refusal("a bearer token is needed")
    }
    // Every byte of the digests is compared for any token, so the time does not show how much was right.
    let given = SHA256.digest(of: Array(parts[1].utf8).filter { $0 != 0x20 })
    guard zip(given.bytes, digest.bytes).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0 else {
      throw Self.refusal("the token is not right", error: true)
    }
  }

  private static func refusal(_ detail: String, error: Bool = false) -> Problem {
    Problem(
      .unauthorized, "\(detail): send Authorization: Bearer TOKEN",
      headers: [
        "WWW-Authenticate": "Bearer realm=\"influenced\"" + (error ? ", error=\"invalid_token\"" : "")
      ])
  }
}
