import JSON
import Tensor

/// `torch.nn.functional.scaled_dot_product_attention`: softmax(QKᵀ·scale + mask)V over the last two axes. The
/// fourth input, if there is one, is a mask.
struct ScaledDotProductAttention: LayerKind {
  static let type = "scaled_dot_product_attention"
  static let arity = 3...4
  static let standard = ScaledDotProductAttention()
  static let fields = Fields<Self>([
    .flag("is_causal", \.isCausal, "Whether a position sees itself and earlier ones alone."),
    .given("scale", \.scale, .number(.any), standard: "1/√d of d features", "The factor of the scores."),
    .choice(
      "mask", \.mask,
      "A mask that is `additive` is added to the scores. One that is `boolean` hides the places where it is 0."
    ),
    .flag(
      "enable_gqa", \.sharesHeads, "Whether each head of the keys and values serves several heads of queries."
    ),
  ])
  static let examples = [
    LayerExample(ScaledDotProductAttention(), [[2, 3, 4], [2, 5, 4], [2, 5, 2]]),
    LayerExample(ScaledDotProductAttention(isCausal: true, scale: 0.7), [[3, 4], [3, 4], [3, 4]]),
    LayerExample(ScaledDotProductAttention(scale: -0.7), [[5, 1], [9, 1], [9, 1]]),
    LayerExample(ScaledDotProductAttention(), [[1, 3, 4], [2, 3, 4], [2, 3, 4]]),
    LayerExample(ScaledDotProductAttention(), [[3, 4], [2, 4], [2, 4], [3, 2]]),
    LayerExample(
      ScaledDotProductAttention(mask: .boolean), [[3, 4], [2, 4], [2, 4], [2]], .any, .any, .any,
      .whole(below: 2)),
    LayerExample(ScaledDotProductAttention(sharesHeads: true), [[4, 3, 2], [2, 3, 2], [2, 3, 2]]),
  ]

  var isCausal = false
  var scale: Double?
  var mask = AttentionMask.additive
  var sharesHeads = false

  /// A score that no softmax notices.
  static let hidden = -1e30

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let width = site.shape.sizes.last, site.shape.rank >= 2 else {
      return site.fault("must have at least two axes, got \(site.shape.words)", at: "inputs")
    }
    guard let site = sharesHeads ? repeatingHeads(site) : site else { return nil }
    if site.values.count == 3,
      let fused = site.fusedAttention(
        scale: scale ?? 1 / Double(width).squareRoot(), isCausal: isCausal)
    {
      return fused
    }
    guard let product = MatMul(transposesB: true).place(at: site.reading(Array(site.values[..<2]))) else {
      return nil
    }
    var scores = site.affine(site.insert(product), factor: scale ?? 1 / Double(width).squareRoot())
    var masks = Array(site.values[3...])
    let visible = mask == .boolean ? masks.popLast() : nil
    if let visible {
      guard let seen = site.choosing(scores, where: visible, else: Self.hidden) else { return nil }
      scores = seen
    }
    if isCausal {
      let sizes = site.shape(ofValue: scores).sizes
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let mask = Constant(
        sizes: [rows, columns],
        values: (0..<rows).flatMap { row in (0..<columns).map { $0 > row ? Self.hidden : 0 } })
      guard let node = mask.place(at: site.reading([])) else { return nil }
      masks.append(site.insert(node))
    }
    for mask in masks {
      guard let sum = Add().place(at: site.reading([scores, mask])) else { return nil }
      scores = site.insert(sum)
    }
    guard let softmax = Softmax().place(at: site.reading([scores])) else { return nil }
    var shares = site.insert(softmax)
    if let visible {
      // A row of which all places are hidden has no shares at all.
      guard let seen = site.choosing(shares, where: visible, else: 0) else { return nil }
      shares = seen
    }
    return MatMul().place(at: site.reading([shares, site.values[2]]))
  }

  /// The site with the heads of keys and values repeated up to those of the queries; nil after a fault.
  private func repeatingHeads(_ site: LayerSite) -> LayerSite? {
    let ranks = (0..<3).map { site.shape($0).rank }
    guard ranks.allSatisfy({ $0 >= 3 }) else {
      site.addFault("needs heads, positions and features of queries, keys and values", at: "enable_gqa")
      return nil
    }
    var values = site.values
    let heads = site.shape.sizes[ranks[0] - 3]
    for input in 1...2 {
      let own = site.shape(input).sizes[ranks[input] - 3]
      guard own > 0, heads % own == 0 else {
        site.addFault("needs heads that divide the \(heads) of the queries, got \(own)", at: "enable_gqa")
        return nil
      }
      let places = (0..<heads).map { $0 / (heads / own) }
      guard let repeated = site.chain(values[input], [IndexSelect(dim: -3, index: places)]) else {
        return nil
      }
      values[input] = repeated
    }
    return site.reading(values)
  }
}
