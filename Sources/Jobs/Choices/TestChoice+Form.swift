import JSON

extension TestChoice {
  /// The member `test`: `{"indices"}`, `{"pick", "count"}` or `{"mean": true}`, each with a `split`.
  /// - Parameters:
  ///   - most: points.
  ///   - takesMean: whether the mean of a split is a target, for the schema.
  static func form(atMost most: Int = mostPoints, takesMean: Bool = true) -> Form<TestChoice> {
    Form(
      schema: schema(atMost: most, takesMean: takesMean),
      words: "object with `indices`, or `pick` and `count`" + (takesMean ? ", or `mean`" : "")
        + "; and `split`",
      parts: [FormPart(members(atMost: most, takesMean: takesMean))],
      read: { value, pointer, faults in read(FieldReader(value, at: pointer, faults: faults), most) },
      write: \.json
    )
  }

  private static func members(atMost most: Int, takesMean: Bool) -> [FieldMember] {
    let indices = Form<[Int]>.indices(atMost: most)
    let count = Form<Int>.integer(1...most)
    let mean = FieldMember(
      "mean", schema: Schema.boolean, words: Form<Bool>.flag.words, standard: false,
      "The mean of the split instead of single samples.")
    return [
      FieldMember("indices", schema: indices.schema, words: indices.words, "These samples of the split."),
      FieldMember(
        "pick", schema: Form<Pick>.choice.schema, words: Form<Pick>.choice.words,
        standard: .string(Pick.highestLoss.rawValue), "Samples that are looked for."),
      FieldMember(
        "count", schema: count.schema, words: count.words, standard: 1, "The number of samples, with `pick`."),
    ] + (takesMean ? [mean] : []) + [
      FieldMember(
        "split", schema: Form<Split>.choice.schema, words: Form<Split>.choice.words,
        standard: .string(Split.test.rawValue), "The split that samples are of.")
    ]
  }

  private static func schema(atMost most: Int, takesMean: Bool) -> JSONValue {
    let split = Schema.choice(Split.allCases.map(\.rawValue), default: Split.test.rawValue)
    let notMean: JSONValue = ["const": false]
    let single = [
      Schema.request(
        ["indices": Form<[Int]>.indices(atMost: most).schema], ["split": split, "mean": notMean]),
      Schema.request(
        [:],
        [
          "pick": Schema.choice(Pick.allCases.map(\.rawValue), default: Pick.highestLoss.rawValue),
          "count": Schema.integer(from: 1, to: most, default: 1), "split": split, "mean": notMean,
        ]),
    ]
    let mean = Schema.request(["mean": ["const": true]], ["split": split])
    return ["anyOf": .array(takesMean ? single + [mean] : single)]
  }

  private static func read(_ own: FieldReader, _ most: Int) -> TestChoice {
    var choice = TestChoice(split: own.choice("split", default: .test))
    let isMean = own.flag("mean", default: false)
    let present = ["indices", "pick"].filter(own.has) + (isMean ? ["mean"] : [])
    if !present.contains("pick"), !present.isEmpty, own.has("count") {
      own.fault("count", "belongs to \"pick\", which is not there")
    }
    let count = own.integer("count", in: 1...mostPoints, default: 1)
    switch own.onlyOne(of: ["indices", "pick", "mean"], present: present, required: false) {
    case "indices":
      let indices = own.value("indices").flatMap {
        Form<[Int]>.indices(atMost: mostPoints).read($0, own.pointer.appending("indices"), own.faults)
      }
      choice.points = .indices(indices ?? [])
    case "mean": choice.points = .mean
    default: choice.points = .pick(own.choice("pick", default: .highestLoss), count: count)
    }
    if choice.count > most { own.fault("must be at most \(most) points, got \(choice.count)") }
    own.finish()
    return choice
  }

  public var json: JSONValue {
    let split = JSONValue.string(split.rawValue)
    switch points {
    case .indices(let indices): return ["indices": JSONValue(indices), "split": split]
    case .pick(let pick, let count):
      return ["pick": .string(pick.rawValue), "count": JSONValue(count), "split": split]
    case .mean: return ["mean": true, "split": split]
    }
  }
}
