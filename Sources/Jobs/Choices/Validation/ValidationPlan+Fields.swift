import JSON

extension ValidationPlan {
  static let fields = fields(groups: groups)

  /// Of a job that leaves out single samples.
  static let fieldsOfSingles = fields(groups: groups.refused("Cannot be given: single samples are left out."))

  private static let groups = Field<ValidationPlan>.optional(
    "groups", \.groups, groupForm,
    "Groups that are left out together: so many random ones of a `fraction` or a `size`, or lists of indices."
  )

  private static func fields(groups: Field<ValidationPlan>) -> Fields<ValidationPlan> {
    Fields([
      .part(\.curvature, CurvatureRequest.rankingFields),
      .member(
        "test", \.test, TestChoice.form(atMost: mostTests), standard: "the sample of highest loss",
        "The points whose loss is measured."), candidates,
      groups,
      .optional(
        "norms", \.norms, .flag, standard: "true if the solves take some minutes at most",
        "The change of the weights by every candidate is estimated, which is a solve each."),
      .flag(
        "newton", \.newton, "Groups also get the estimate whose curvature is that of the remaining samples."),
      .choice("from", \.start, "The weights where trainings begin."), length,
      .optional(
        "retrain_rate", \.rate, .number(.positiveShare),
        standard: "\(standardRate) from the checkpoint with a cosine schedule, else 1",
        "The learning rate of the trainings, as a share of the recipe's."),
      .optional(
        "training", \.training, TrainingRecipe.member, standard: "the checkpoint's",
        "The recipe; required if the checkpoint has none. `lbfgs` and `newton` go on until rounding ends them."
      ),
    ])
  }

  // MARK: Candidates, which are a member and a count

  private static let count = Form<Int>.integer(1...mostCandidates)
  private static let picks = Form<Candidates.Pick>.choice

  private static let candidates = Field<ValidationPlan>(
    members: { _ in
      let samples = Form<[Int]>.only("indices", .indices())
      return [
        FieldMember(
          "candidates", schema: Schema.anyOf(picks.schema, samples.schema),
          words: "\(picks.words), or \(samples.words)", standardWords: "`top`; none with `groups`",
          "Samples that are left out one at a time: by the absolute score of each test point, or at random, or named."
        ),
        FieldMember(
          "count", schema: count.schema, words: count.words,
          standardWords: "\(standardCount), or all there are",
          "How many of them."),
      ]
    },
    read: { reader, plan in
      plan.candidates = readCandidates(reader, isAlone: !reader.has("groups"))
      plan.countIsStandard.value = !reader.has("count")
    },
    write: { plan, object in
      switch plan.candidates {
      case .top(let count): (object["candidates"], object["count"]) = ("top", JSONValue(count))
      case .percentile(let count): (object["candidates"], object["count"]) = ("percentile", JSONValue(count))
      case .random(let count): (object["candidates"], object["count"]) = ("random", JSONValue(count))
      case .indices(let indices): object["candidates"] = ["indices": JSONValue(indices)]
      case nil: object["candidates"] = .null
      }
    })

  private static func readCandidates(_ reader: FieldReader, isAlone: Bool) -> Candidates? {
    let given = reader.integer("count", in: 1...mostCandidates)
    let count = given ?? standardCount
    guard let value = reader.value("candidates") else {
      return isAlone || given != nil ? .top(count) : nil
    }
    if case .object = value, let own = reader.nested("candidates") {
      defer { own.finish() }
      if given != nil { reader.fault("count", "belongs to \"top\", \"percentile\" and \"random\"") }
      guard let list = own.requiredValue("indices") else { return nil }
      return .indices(sorted.read(list, own.pointer.appending("indices"), reader.faults) ?? [])
    }
    switch reader.choice("candidates", default: Candidates.Pick.top) {
    case .top: return .top(count)
    case .percentile: return .percentile(count)
    case .random: return .random(count)
    }
  }

  /// Ascending, each once.
  private static let sorted = Form<[Int]>.indices().map({ $0.sorted() }, { $0 })

  // MARK: Groups

  private static let groupCount = Form<Int>.integer(1...mostGroups)
  private static let groupSize = Form<Int>.integer(1...Int(Int32.max))
  private static let groupShare = Form<Double>.number(NumberRange(from: .excluding(0), to: .excluding(1)))
  private static let groupLists = Form<[[Int]]>.list(
    of: sorted, atMost: mostGroups, empty: "must have at least one group")

  private static let groupForm = Form<Groups>(
    schema: Schema.anyOf(
      Schema.request(["count": groupCount.schema, "fraction": groupShare.schema]),
      Schema.request(["count": groupCount.schema, "size": groupSize.schema]), groupLists.schema),
    words: "object with `count`, and `fraction` or `size`; or a list of lists",
    read: { value, pointer, faults in
      if value.arrayValue != nil { return .lists(groupLists.read(value, pointer, faults) ?? []) }
      let own = FieldReader(value, at: pointer, faults: faults)
      defer { own.finish() }
      let count = own.requiredInteger("count", in: 1...mostGroups)
      switch own.onlyOne(of: ["fraction", "size"]) {
      case "size": return .size(own.requiredInteger("size", in: 1...Int(Int32.max)), count: count)
      default:
        let share = own.value("fraction").flatMap {
          groupShare.read($0, pointer.appending("fraction"), faults)
        }
        return .share(share ?? 0.1, count: count)
      }
    },
    write: { groups in
      switch groups {
      case .share(let share, let count): ["count": JSONValue(count), "fraction": .number(share)]
      case .size(let size, let count): ["count": JSONValue(count), "size": JSONValue(size)]
      case .lists(let lists): .array(lists.map { JSONValue($0) })
      }
    })

  // MARK: Length, in one of two units

  private static let steps = Form<Int>.integer(1...1_000_000_000)
  private static let fraction = Form<Double>.number(NumberRange(from: .excluding(0), to: .including(1000)))

  private static let length = Field<ValidationPlan>(
    conditions: [Schema.variant(absent: ["retrain_steps"]), Schema.variant(absent: ["retrain_fraction"])],
    members: { _ in
      [
        FieldMember(
          "retrain_steps", schema: steps.schema, words: steps.words,
          "Steps of a training, or iterations of a minimiser."),
        FieldMember(
          "retrain_fraction", schema: fraction.schema, words: fraction.words,
          standardWords:
            "\(standardFraction) of a descent from the checkpoint and at least \(Int(fewestEpochs)) epochs, else 1",
          "The same as a share of the recipe's."),
      ]
    },
    read: { reader, plan in
      func member<Value>(_ name: String, _ form: Form<Value>) -> Value? {
        reader.value(name).flatMap { form.read($0, reader.pointer.appending(name), reader.faults) }
      }
      let given = (member("retrain_steps", steps), member("retrain_fraction", fraction))
      switch reader.onlyOne(of: ["retrain_steps", "retrain_fraction"], required: false) {
      case "retrain_steps": plan.length = given.0.map(Length.steps)
      case "retrain_fraction": plan.length = given.1.map(Length.fraction)
      default: plan.length = nil
      }
    },
    write: { plan, object in
      switch plan.length {
      case .steps(let steps): object["retrain_steps"] = JSONValue(steps)
      case .fraction(let fraction): object["retrain_fraction"] = .number(fraction)
      case nil: break
      }
    })
}
