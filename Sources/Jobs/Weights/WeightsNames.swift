import Network

/// Finds the network's tensors under the names of a file.
///
/// Modules that wrap another module put their own name before those of its tensors: `module.` (DataParallel),
/// `_orig_mod.` (torch.compile), `model.` (many training loops). Such names are shortened if this matches
/// more tensors.
struct WeightsNames {
  private static let leading = ["module.", "model.", "_orig_mod."]
  private static let within = ["module", "_orig_mod"]

  /// The network's tensor for every name of the file, or nil.
  let tensors: [ParameterTensor?]
  /// How the names were changed, if the change was accepted.
  let note: String?
  /// How the client must change the names, if they cannot be accepted.
  let fault: String?
  /// The prefix that the names had.
  let prefix: String

  init(_ names: [String], _ layout: ParameterLayout) {
    let known = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.name, $0) })
    func found(_ shortened: (String) -> String) -> [ParameterTensor?] {
      names.map { Self.tensor(shortened($0), known) }
    }
    var best = (tensors: found { $0 }, note: String?.none, fault: String?.none, prefix: "")
    func consider(
      _ tensors: [ParameterTensor?], note: String? = nil, fault: String? = nil, prefix: String = ""
    ) {
      guard tensors.count(where: { $0 != nil }) > best.tensors.count(where: { $0 != nil }) else { return }
      best = (tensors, note, fault, prefix)
    }
    if best.tensors.contains(where: { $0 == nil }) {
      let wrapper = Self.common(names, among: Self.leading)
      if !wrapper.isEmpty {
        consider(
          found { String($0.dropFirst(wrapper.count)) },
          note: "every name began with '\(wrapper)', which was left out", prefix: wrapper)
      }
      let inner = names.first { $0.split(separator: ".").contains { Self.within.contains(String($0)) } }
      if let inner {
        consider(
          found {
            $0.split(separator: ".", omittingEmptySubsequences: false)
              .filter { !Self.within.contains(String($0)) }.joined(separator: ".")
          }, note: "'module' and '_orig_mod' were left out of the names, as of '\(inner)'")
      }
      var prefix = ""
      while let next = Self.component(names.map { $0.dropFirst(prefix.count) }), prefix.count < 200 {
        prefix += next
        consider(
          found { String($0.dropFirst(prefix.count)) },
          fault: "every name begins with '\(prefix)', which the network's names do not: send "
            + "{k.removeprefix('\(prefix)'): v for k, v in state.items()}", prefix: prefix)
      }
    }
    (tensors, note, fault, prefix) = best
  }

  /// The tensor of that name, or of the name that the common CIFAR modules use for it.
  private static func tensor(_ name: String, _ known: [String: ParameterTensor]) -> ParameterTensor? {
    if let tensor = known[name] { return tensor }
    if name.contains(".shortcut."),
      let tensor = known[name.replacing(".shortcut.", with: ".downsample.")]
    {
      return tensor
    }
    return name.hasPrefix("linear.") ? known["fc." + name.dropFirst("linear.".count)] : nil
  }

  /// The longest row of `parts` that every name begins with.
  private static func common(_ names: [String], among parts: [String]) -> String {
    var prefix = ""
    while let next = parts.first(where: { part in
      !names.isEmpty && names.allSatisfy { $0.dropFirst(prefix.count).hasPrefix(part) }
    }) {
      prefix += next
    }
    return prefix
  }

  /// The first component, with its point, that all names share.
  private static func component(_ names: [Substring]) -> String? {
    guard let first = names.first, let point = first.firstIndex(of: ".") else { return nil }
    let part = first[...point]
    return names.allSatisfy { $0.hasPrefix(part) } ? String(part) : nil
  }
}
