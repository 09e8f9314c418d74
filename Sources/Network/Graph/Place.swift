/// A place in memory that a step of a schedule reads or writes: values of all samples of a shard.
struct Place: Hashable, Sendable {
  enum Home: UInt8, Sendable {
    case none
    /// An array of the caller (`Ends`).
    case end
    /// A value's output, its gradient ∂z, and its gradient ∂a behind a curved activation, in the record of a
    /// shard.
    case output, gradient, outer
    /// A value's tangent, in the workspace.
    case tangent
    /// Memory of the workspace that several values use one after the other.
    case slot
  }

  /// The arrays that the caller of a pass lends.
  enum End: Int, Sendable, CaseIterable {
    case x, y, dy, dx, ty, tdy, tdx
  }

  let home: Home
  let index: Int

  static let none = Place(home: .none, index: 0)
  static func end(_ end: End) -> Place { Place(home: .end, index: end.rawValue) }
  static func output(_ value: Int) -> Place { Place(home: .output, index: value) }
  static func gradient(_ value: Int) -> Place { Place(home: .gradient, index: value) }
  static func outer(_ value: Int) -> Place { Place(home: .outer, index: value) }
  static func tangent(_ value: Int) -> Place { Place(home: .tangent, index: value) }
  static func slot(_ index: Int) -> Place { Place(home: .slot, index: index) }

  var isNone: Bool { home == .none }
  /// Whether the place lasts beyond the schedule that writes it.
  var isKept: Bool { home != .none && home != .slot }
}

/// One thing to do in a pass: a call of a stage's pass, or an operation on whole arrays.
struct Step: Sendable {
  enum Action: Sendable {
    /// The stage's pass of that name. Forward passes end with the stage's activation.
    case forward, backward, tangentForward, tangentBackward
    /// ∂x = Aᵀ∂y of a fixed map.
    case pull
    /// y ← φ(y)
    case activate
    /// y ← φ′·y, with φ′ at x.
    case slope
    /// y ← φ′·y + φ″ẋ·∂y, with φ′ and φ″ at x.
    case slopeTangent
    /// y ← x, y ← y + x, y ← 0
    case copy, add, clear
  }

  var action: Action
  var stage: Int
  /// Values that the step handles for each sample: of y in operations on whole arrays.
  var count = 0
  var x: [Place] = []
  var y = Place.none
  var tx: [Place] = []
  var ty = Place.none
  var dy = Place.none
  var tdy = Place.none
  /// A place for each input of the stage, which receives ∂x or ∂ẋ.
  var dx: [Place] = []

  /// Every place that the step reads or writes.
  var places: [Place] { x + tx + dx + [y, ty, dy, tdy] }

  /// The same step with other places.
  func placed(_ place: (Place) -> Place) -> Step {
    var step = self
    step.x = x.map(place)
    step.tx = tx.map(place)
    step.dx = dx.map(place)
    step.y = place(y)
    step.ty = place(ty)
    step.dy = place(dy)
    step.tdy = place(tdy)
    return step
  }
}

/// The steps of one pass over a shard, in order.
typealias Schedule = [Step]

/// Collects the steps of a pass. Arrays that live within the pass share memory if their lives do not meet.
struct ScheduleBuilder {
  private(set) var steps: [Step] = []
  /// Values a sample of each array that lives within the pass.
  private var sizes: [Int] = []

  /// An array that lives from the first step that names it to the last one.
  mutating func makeArray(_ count: Int) -> Place {
    sizes.append(count)
    return .slot(sizes.count - 1)
  }

  mutating func add(_ step: Step) { steps.append(step) }

  mutating func copy(_ from: Place, to: Place, _ count: Int) {
    add(Step(action: .copy, stage: 0, count: count, x: [from], y: to))
  }

  mutating func sum(_ part: Place, into: Place, _ count: Int) {
    add(Step(action: .add, stage: 0, count: count, x: [part], y: into))
  }

  /// The steps, with every array in a slot.
  /// - Parameter slots: values a sample of each slot of the workspace; grows as needed.
  func finish(_ slots: inout [Int]) -> Schedule {
    var last = [Int](repeating: -1, count: sizes.count)
    for (index, step) in steps.enumerated() {
      for place in step.places where place.home == .slot { last[place.index] = index }
    }
    var slotOf = [Int?](repeating: nil, count: sizes.count)
    var busyUntil = [Int](repeating: -1, count: slots.count)
    return steps.enumerated().map { index, step in
      for place in step.places where place.home == .slot && slotOf[place.index] == nil {
        let slot = Self.free(&slots, &busyUntil, at: index, for: sizes[place.index])
        slotOf[place.index] = slot
        busyUntil[slot] = last[place.index]
      }
      return step.placed { $0.home == .slot ? .slot(slotOf[$0.index] ?? 0) : $0 }
    }
  }

  /// The smallest free slot that is large enough, else the largest one, made larger.
  private static func free(
    _ slots: inout [Int], _ busyUntil: inout [Int], at step: Int, for size: Int
  ) -> Int {
    let free = slots.indices.filter { busyUntil[$0] < step }
    if let fitting = free.filter({ slots[$0] >= size }).min(by: { slots[$0] < slots[$1] }) { return fitting }
    if let largest = free.max(by: { slots[$0] < slots[$1] }) {
      slots[largest] = size
      return largest
    }
    slots.append(size)
    busyUntil.append(-1)
    return slots.count - 1
  }
}
