import JSON
import Testing

@Suite struct ResultTypeTests {
  private static let row = ResultObject([
    .always("index", .count, "Its place."), .always("effect", .nullable(.number), "Its effect."),
    .sometimes("label", .choice(["a", "b"]), "Its label."),
  ])

  private static let result = ResultObject([
    .always("rows", .list(.object(row)), "The rows."), .sometimes("share", .share, unit: "parts", "A share."),
    .always("seconds", .object(ResultObject([], others: ("phase", .size))), "By phase."),
    .always("solver", .either([.text, .list(.text)]), "One or several."),
  ])

  /// The purpose of a declaration: each way to differ from it is found, at its place.
  @Test(arguments: [
    (#"{"rows": [{"index": 0, "effect": null}], "seconds": {"total": 1.5}, "solver": "cg"}"#, []),
    (
      #"{"rows": [], "seconds": {}, "solver": ["cg", "lsmr"], "share": 1}"#, []
    ),
    (#"{"rows": [], "seconds": {}}"#, ["/solver is missing"]),
    (#"{"rows": [], "seconds": {}, "solver": "cg", "more": 1}"#, ["/more is not declared"]),
    (
      #"{"rows": [{"index": -1, "effect": 1}, {"index": 1.5, "effect": "x"}], "seconds": {}, "solver": "cg"}"#,
      [
        "/rows/0/index must be integer, 0 or more, got -1",
        "/rows/1/index must be integer, 0 or more, got 1.5",
        "/rows/1/effect must be number, got \"x\"",
      ]
    ),
    (
      #"{"rows": [{"index": 1, "effect": 1, "label": "c"}], "seconds": {"total": -1}, "solver": "cg"}"#,
      ["/rows/0/label must be `a`, `b`, got \"c\"", "/seconds/total must be number, at least 0, got -1"]
    ),
    (
      #"{"rows": {}, "seconds": 1, "solver": 2, "share": null}"#,
      [
        "/rows must be list: object, got an object",
        "/share must be number, at least 0 and at most 1, got null",
        "/seconds must be an object, got 1", "/solver must be text, got 2",
      ]
    ),
  ])
  func everyDifferenceIsFound(_ text: String, _ faults: [String]) throws {
    let value = try JSONParser.parse(text)
    #expect(ResultType.object(Self.result).faults(in: value).map(\.description) == faults)
  }

  @Test func aNumberThatIsNotFiniteIsNull() {
    #expect(ResultType.number.faults(in: .number(.nan)).count == 1)
    #expect(ResultType.finiteSize.faults(in: .number(.infinity)).isEmpty)
  }

  @Test func schemasAndTablesFollow() {
    let named = ResultObject("Row", Self.row.members, "A row.")
    let object = ResultObject([
      .always("rows", .nullable(.list(.object(named))), unit: "samples", "The rows.")
    ])
    #expect(
      object.schema == [
        "type": "object",
        "properties": [
          "rows": [
            "anyOf": [["type": "array", "items": ["$ref": "#/components/schemas/Row"]], ["type": "null"]],
            "description": "The rows. In samples.",
          ]
        ], "required": ["rows"],
      ])
    #expect(object.named.names == ["Row"])
    #expect(object.named["Row"]?["required"] == ["index", "effect"])
    #expect(
      object.table == """
        | member | values | unit | meaning |
        |---|---|---|---|
        | `rows` | list: object, or null | samples | The rows. |
        | `rows[].index` | integer, 0 or more |  | Its place. |
        | `rows[].effect` | number, or null |  | Its effect. |
        | `rows[].label` | `a`, `b`; may be absent |  | Its label. |

        """)
  }
}
