import JSON
import Network

extension TrainingRecipe {
  /// The members of a recipe. A `train` request has them in its own body.
  public static let fields = Fields<TrainingRecipe>([
    .tagged(
      "optimizer", noun: "optimizer", \.optimizerName,
      alternatives: [
        (
          .sgd,
          descent(options: [
            .number(
              "momentum", \.optimizer.momentum, .properShare, "The share of the last step that is kept."),
            .flag("nesterov", \.optimizer.nesterov, "Nesterov's form of momentum."),
          ])
        ),
        (
          .adam,
          descent(options: [
            .member("betas", \.optimizer.betas, betas, "β₁ and β₂."),
            .number("epsilon", \.optimizer.epsilon, .positive, "Added to the root of the second moment."),
          ])
        ),
        (
          .lbfgs,
          minimization(
            .lbfgs,
            options: [
              .integer(
                "history", \.optimizer.history, 1...1000, "Pairs of steps and gradients that are kept."),
              gradientNorm,
            ])
        ),
        (.newton, minimization(.newton, options: [gradientNorm])),
      ], standard: .standard, "`lbfgs` and `newton` minimise the risk over all samples."),
    validation,
    .optional(
      "exclude", \.excluded, GroupChoice.form.described(by: Schema.ref("Group")), "Samples left out."),
  ])

  /// Setting it gives the optimizer's options, the rate, the epochs and the batch size their defaults.
  var optimizerName: OptimizerChoice.Name {
    get { optimizer.name }
    set {
      optimizer = newValue.standard
      learningRate = newValue == .sgd ? 0.05 : 0.001
      switch newValue {
      case .sgd, .adam: (epochs, batchSize) = (5, .count(128))
      case .lbfgs: (epochs, batchSize) = (1000, .all)
      case .newton: (epochs, batchSize) = (100, .all)
      }
    }
  }

  private static func descent(options: [Field<TrainingRecipe>]) -> Fields<TrainingRecipe> {
    Fields(
      [.number("learning_rate", \.learningRate, .positive, "The rate before the schedule.")] + options + [
        .member(
          "schedule", \.schedule, TrainingOptions.Schedule.form.described(by: Schema.ref("Schedule")),
          "The learning rate over the training."),
        .integer("epochs", \.epochs, 1...1_000_000, "Passes over the samples."),
        .member(
          "batch_size", \.batchSize, SampleCount.form,
          "Samples of a step. A last batch of one sample joins the one before if batch normalization needs two."
        ),
        .member(
          "augment", \.augmentations, TrainingOptions.Augmentation.list,
          "Random changes of pictures, anew in every epoch."),
        .flag(
          "freeze_statistics", \.freezesStatistics,
          "Batch normalization uses its running statistics, which stay as they are."),
      ])
  }

  private static func minimization(
    _ name: OptimizerChoice.Name, options: [Field<TrainingRecipe>]
  ) -> Fields<TrainingRecipe> {
    let all = Form<SampleCount>(
      schema: Schema.constant("all"), words: "`all`",
      read: { value, pointer, faults in
        if value == "all" { return .all }
        faults.add(
          "must be \"all\" or absent for \"\(name.rawValue)\", got \(FieldReader.brief(value))", at: pointer)
        return nil
      }, write: \.json)
    return Fields(
      options + [
        .integer("epochs", \.epochs, 1...1_000_000, "The most iterations."),
        .member("batch_size", \.batchSize, all, "Every step is over all samples."),
      ])
  }

  private static let gradientNorm = Field<TrainingRecipe>.optional(
    "gradient_norm", \.optimizer.gradientNorm, .number(.positive), standard: "as far as rounding allows",
    "The norm of the risk's gradient that ends the minimisation.")

  private static let betas: Form<[Double]> = {
    let list = Form<[Double]>.list(of: .number(.properShare), atMost: 2)
    return Form(
      schema: Schema.list(Schema.number(.properShare), from: 2, to: 2, isSet: false), words: "two numbers",
      read: { value, pointer, faults in
        guard let betas = list.read(value, pointer, faults) else { return nil }
        if value.arrayValue?.count != 2 {
          faults.add("must have two numbers, such as [0.9, 0.999]", at: pointer)
        }
        return betas
      }, write: list.write)
  }()

  /// A standard share gives way if it would hold out nothing.
  private static let validation: Field<TrainingRecipe> = {
    let number = Field<TrainingRecipe>.number(
      "validation", \.validationShare, .properShare,
      "The share of the training split that is held out. A share that is not given is 0 if it would hold out nothing."
    )
    return number.reading { reader, recipe in
      recipe.validationIsStandard.value = !reader.has("validation")
    }
  }()

  /// An object with a recipe's members.
  public static let form = Form<TrainingRecipe>.object(fields, standard: .standard)

  /// The same in a request.
  static let member = form.described(by: Schema.ref("Training"))

  public var json: JSONValue { Self.form.write(self) }

  /// Reads a recipe that `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) { self = try Self.form.value(of: json) }
}
