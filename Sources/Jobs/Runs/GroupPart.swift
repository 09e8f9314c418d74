import Tensor

/// The part of a group that one step of an update changes, and what is changed by later ones.
///
/// K steps change the group in K parts of equal size, drawn with the seed. Each is an update of its own, by the theory of
/// the whole group, from where the last one led.
struct GroupPart: Equatable, Sendable {
  /// All of the group where there are no steps.
  let now: [Int]
  let later: [Int]
  /// How many parts are left, this one with them.
  let partsLeft: Int

  /// - Throws: `JobFailure.unacceptable` where there are more steps than samples.
  init(of members: [Int], _ request: UpdateRequest) throws {
    guard request.steps > 1, request.turn <= request.steps else {
      (now, later, partsLeft) = (members, [], 1)
      return
    }
    guard request.steps <= members.count else {
      throw JobFailure(
        .unacceptable,
        "The model was trained on \(members.count) samples of the group, which \(request.steps) steps cannot share.",
        advice: "Ask for at most \(members.count) steps.")
    }
    var stream = RandomStream(seed: UInt64(request.seed), purpose: "steps")
    let order = stream.permutation(members.count).map { members[$0] }
    func end(_ step: Int) -> Int { members.count * step / request.steps }
    now = order[end(request.turn - 1)..<end(request.turn)].sorted()
    later = order[end(request.turn)...].sorted()
    partsLeft = request.steps - request.turn + 1
  }
}
