import Influence
import JSON

/// A solver as requests name it: its defaults and the fields of the options that are its own.
struct SolverDeclaration: Sendable {
  let standard: any Solver
  /// Whether the solver makes steps. Requests for a dense solver may have `iterations` and `tolerance` too,
  /// so that one request fits every solver, but both are not written.
  let iterates: Bool
  /// Its own options.
  let options: Field<SolverRequest>

  init<S: Solver>(_ standard: S, iterates: Bool = true, _ options: [Field<S>] = []) {
    self.standard = standard
    self.iterates = iterates
    let fields = Fields(options)
    @Sendable func solver(_ request: SolverRequest) -> S {
      guard let solver = request.solver as? S else {
        preconditionFailure("A request has the options of the solver that it names.")
      }
      return solver
    }
    self.options = Field(
      conditions: fields.conditions, members: { fields.members(standard: solver($0)) },
      read: { reader, request in
        var own = solver(request)
        fields.read(reader, into: &own)
        request.solver = own
      }, write: { request, object in fields.write(solver(request), into: &object) })
  }
}

extension SolverRequest.Name {
  /// Whether the iterates follow the strong curvature first, so that a step of the path can be chosen.
  public var hasPath: Bool { type(of: declaration.standard).hasPath }

  /// The options that every solver has, then the solver's own.
  func options(mayBeAuto: Bool) -> Fields<SolverRequest> {
    let declaration = declaration
    let common = [iterations(mayBeAuto: mayBeAuto), Self.tolerance]
    return Fields((declaration.iterates ? common : common.map(\.unwritten)) + [declaration.options])
  }

  private static let tolerance = Field<SolverRequest>.optional(
    "tolerance", \.tolerance, .number(NumberRange(from: .excluding(0), to: .excluding(1))),
    standard: "the solver's own", "The relative residual that ends the solve.")

  private func iterations(mayBeAuto: Bool) -> Field<SolverRequest> {
    let count = Form<Int>.integer(1...1_000_000)
    let name = self
    let form = Form<SolverRequest.Iterations>(
      schema: mayBeAuto && hasPath ? Schema.anyOf(count.schema, Schema.constant("auto")) : count.schema,
      words: mayBeAuto && hasPath ? "\(count.words), or `auto`" : count.words,
      read: { value, pointer, faults in
        if value == "auto" {
          if name.hasPath, mayBeAuto { return .auto }
          faults.add(
            name.hasPath
              ? "must be an integer: there is no update whose validation score could choose the step"
              : "must be an integer: the solver \"\(name.rawValue)\" has no path of steps to choose from",
            at: pointer)
          return nil
        }
        guard value.doubleValue != nil else {
          faults.add("must be an integer or \"auto\", got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return count.read(value, pointer, faults).map(SolverRequest.Iterations.count)
      },
      write: { iterations in
        switch iterations {
        case .standard: .null
        case .count(let count): JSONValue(count)
        case .auto: "auto"
        }
      })
    return .member(
      "iterations", \.iterations, form, standard: mayBeAuto && hasPath ? nil : "the solver's own limit",
      mayBeAuto && hasPath
        ? "The most steps. `auto` takes the step of the path with the best score on validation samples."
        : "The most steps.")
  }
}
