extension ReferenceCase {
  static let attention = [
    ReferenceCase(
      "scaled_dot_product_attention", [.any([2, 3, 4]), .any([2, 5, 4]), .any([2, 5, 2])], count: 12,
      [-0.07030772565751311, 0.017747352310584313, -0.06411968923858448],
      """
      {"scale": 0.7}
      """),
    ReferenceCase(
      "scaled_dot_product_attention", [.any([3, 4]), .any([3, 4]), .any([3, 2]), .any([3, 3])], count: 6,
      [0.33855356932455627, 0.056069171389481406, -0.12133267379011511],
      """
      {}
      """),
    ReferenceCase(
      "scaled_dot_product_attention",
      [.any([3, 4]), .any([2, 4]), .any([2, 4]), .whole([3, 2], below: 3)], count: 12,
      [0.9678796298313086, -0.29515212094918936, -0.043180648281579914],
      """
      {"mask": "boolean"}
      """),
    ReferenceCase(
      "scaled_dot_product_attention",
      [.any([3, 4]), .any([2, 4]), .any([2, 4]), .whole([3, 1], below: 2)], count: 12,
      [-0.058878529058577544, -0.0843052028532438, -0.05800454267421375],
      """
      {"mask": "boolean"}
      """),
    ReferenceCase(
      "scaled_dot_product_attention", [.any([4, 3, 2]), .any([2, 3, 2]), .any([2, 3, 2])], count: 24,
      [1.2737346896052137, 0.09087642122438305, 0.11848798013280815],
      """
      {"is_causal": true, "enable_gqa": true}
      """),
    ReferenceCase(
      "multihead_attention", [.any([3, 4])], count: 12,
      [0.012997606658900818, 0.7747451844044927, 16.25235075873016],
      """
      {"num_heads": 2}
      """),
    ReferenceCase(
      "multihead_attention", [.any([3, 4]), .whole([3], below: 2)], count: 12,
      [-0.03668339085896877, 0.16895791993233517, 18.887940084035282],
      """
      {"num_heads": 2, "mask": "boolean"}
      """),
    ReferenceCase(
      "multihead_attention", [.any([3, 4]), .any([5, 4]), .any([5, 4])], count: 12,
      [-0.11272112112846461, -2.6601364683614155, -0.15151786344227447],
      """
      {"num_heads": 2}
      """),
    ReferenceCase(
      "multihead_attention", [.any([3, 4]), .any([5, 3]), .any([5, 2]), .any([3, 5])], count: 12,
      [0.07714843333928534, 5.735245225736261, -4.741502157659069],
      """
      {"num_heads": 2}
      """),
    ReferenceCase(
      "multihead_attention", [.any([3, 4]), .any([5, 3]), .any([5, 3])], count: 12,
      [-0.049206002262715556, -0.028644702274854487, 0.23559717438484729],
      """
      {"num_heads": 1, "bias": false}
      """),
  ]
}
