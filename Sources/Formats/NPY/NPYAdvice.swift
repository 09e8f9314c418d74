/// The use of an array. Text and booleans mean something else among labels than among inputs.
public enum NPYRole: Sendable, CaseIterable {
  case inputs, labels
}

/// The way to turn an array of a type that is not read into one that is.
struct NPYAdvice {
  /// NumPy's letter of the type: `U` of `<U3`; `V` for structured types.
  private let letter: Character?
  private let size: String

  init(_ descr: String) {
    if descr.hasPrefix("[") {
      letter = "V"
      size = ""
      return
    }
    let text = descr.drop { "<>=|".contains($0) }
    letter = text.first
    size = String(text.dropFirst())
  }

  func text(for role: NPYRole) -> String {
    let codes =
      "names, codes = numpy.unique(array, return_inverse=True) makes codes from 0, one for each name in sorted order; "
      + "send codes"
    return switch (letter, role) {
    case ("f", .inputs) where size == "2": "array.astype('<f4') keeps every value"
    case ("f", .labels) where size == "2":
      "array.astype('<i8') makes labels of classes, numbered from 0, and array.astype('<f4') targets of a regression"
    case ("f", _): "array.astype('<f8') is read"
    case ("u", .inputs), ("i", .inputs): "array.astype('<f8') is read, or array.astype('<i8') below 2⁶³"
    case ("u", .labels), ("i", .labels): "array.astype('<i8') makes labels of classes, numbered from 0"
    case ("U", .labels), ("S", .labels), ("a", .labels): "labels of classes are whole numbers: \(codes)"
    case ("O", .labels): "labels of classes are whole numbers: \(codes)"
    case ("U", .inputs), ("S", .inputs), ("a", .inputs):
      "encode the text as numbers first"
    case ("O", .inputs):
      "numpy.stack(list(array)).astype('<f4') makes one array of rows of one shape, "
        + "and array.astype('<f4') one of plain numbers"
    case ("c", _): "send real and imaginary part as values of their own"
    case ("M", _), ("m", _): "array.astype('<i8') makes whole numbers of times"
    case ("V", _):
      "numpy.lib.recfunctions.structured_to_unstructured(array) makes columns of numbers"
    case (_, .inputs): "array.astype('<f4') or '<f8' is read, and bytes and integers as they are"
    case (_, .labels): "labels of classes are whole numbers from 0: send array.astype('<i8')"
    }
  }
}
