/// The smallest usual body of a job of every kind, on the model `m` of a data set with at least two classes.
///
/// Tests that go over all kinds read the kinds from the program and the bodies from here. The body of a kind
/// that is not here has a model and nothing else. If such a body is refused, or takes long, the kind gets a
/// line here.
public enum SmallJobs {
  /// Members of the body beside `kind`, by kind, as JSON text without braces.
  private static let members: [String: String] = [
    "train": #""model": "m", "epochs": 1"#,
    "remove": #""model": "m", "class": 1"#,
    "retrain": #""model": "m", "class": 1, "training": {"epochs": 1}"#,
    "influence": #""model": "m", "test": {"count": 2}, "damping": 1"#,
    "validate": #""model": "m", "training": {"epochs": 1}, "count": 2, "test": {"count": 1}, "damping": 1"#,
    "recover": #""model": "m", "relabeled": true"#,
    "compare": #""model": "m", "class": 1"#,
    "trajectory":
      #""model": "m", "indices": [1, 2], "parameters": [0], "damping": 1, "hessian_samples": 100"#,
    "spectrum": #""model": "m", "count": 2, "hessian_samples": 100"#,
    "attack": #""model": "m", "test": {"count": 1}, "train": {"count": 1}, "iterations": 1, "damping": 1"#,
    "sweep": #""dataset": "digits", "architectures": ["logistic"], "training": {"epochs": 1}, "count": 2"#,
    "mislabeled": #""model": "m", "damping": 1"#,
    "domain_mismatch": #""model": "m", "test": {"count": 1}, "damping": 1"#,
  ]

  /// The whole body of a job of this kind, on another model.
  public static func body(of kind: String, model: String = "m", _ more: String...) -> String {
    let own = members[kind, default: #""model": "m""#]
      .replacing(#""model": "m""#, with: #""model": "\#(model)""#)
    return "{\"kind\": \"\(kind)\", \((more + [own]).joined(separator: ", "))}"
  }
}
