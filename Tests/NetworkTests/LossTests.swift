import Network
import Tensor
import Testing

/// Losses against PyTorch's, each with the gradient and the product of the Hessian and a vector.
@Suite struct LossTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var loss: Loss
    var targets = Targets.classes([2, 1])
    var outputs = [0.3, -1.2, 2.1, 0.5, 0.1, -0.7]
    var vector = [0.2, -0.4, 1.0, -1.0, 0.6, 0.3]
    var losses: [Double]
    var gradient: [Double]
    var product: [Double]
    var testDescription: String { name }
  }

  private static let labels = Targets.values([1, 0, 0.25, 0, 1, 1], columns: 3)
  private static let counts = Targets.values([4, 0, 1, 0, 4, 4], columns: 3)
  private static let weights = [0.5, 2, 1.5]

  /// `torch.nn.functional`, `reduction="none"`, in float64; means over the outputs of a sample.
  static let cases = [
    Case(
      name: "cross-entropy", loss: .crossEntropy, losses: [0.184138285228734, 1.07880190633975],
      gradient: [
        0.137499048042227, 0.0306801846099188, -0.168179232652146, 0.507224330723788, -0.659997363278834,
        0.152773032555046,
      ],
      product: [
        -0.0889685532150938, -0.0382596782930093, 0.127228231508103, -0.376669434715836, 0.291515145934928,
        0.0851542887809083,
      ]),
    Case(
      name: "label smoothing", loss: .softmax(.init(smoothing: 0.1)),
      losses: [0.354138285228734, 1.09213523967308],
      gradient: [
        0.104165714708894, -0.00265314872341452, -0.101512565985479, 0.473890997390455, -0.593330696612167,
        0.119439699221712,
      ],
      product: [
        -0.0889685532150938, -0.0382596782930093, 0.127228231508103, -0.376669434715836, 0.291515145934928,
        0.0851542887809083,
      ]),
    Case(
      name: "class weights", loss: .softmax(.init(weights: weights)),
      losses: [0.276207427843101, 2.15760381267949],
      gradient: [
        0.206248572063341, 0.0460202769148782, -0.252268848978219, 1.01444866144758, -1.31999472655767,
        0.305546065110091,
      ],
      product: [
        -0.133452829822641, -0.0573895174395139, 0.190842347262154, -0.753338869431673, 0.583030291869856,
        0.170308577561817,
      ]),
    Case(
      name: "both", loss: .softmax(.init(smoothing: 0.2, weights: weights)),
      losses: [0.770069485002143, 2.08043022516753],
      gradient: [
        0.1683319371286, -0.0883357292387857, -0.0799962078898141, 0.913485417351072, -1.09866174478716,
        0.185176327436085,
      ],
      product: [
        -0.130487211382138, -0.0561141948297469, 0.186601406211884, -0.703116278136228, 0.544161605745199,
        0.158954672391029,
      ]),
    Case(
      name: "binary cross-entropy", loss: .binaryCrossEntropy(positive: []), targets: labels,
      losses: [0.836052411662105, 0.907219897713045],
      gradient: [
        -0.141852494396114, 0.0771584055003275, 0.213634392934796, 0.207486443733952, -0.158340270840353,
        -0.222729257389389,
      ],
      product: [
        0.0162972207793831, -0.0237192587529074, 0.0323982349335418, -0.0783345707338648, 0.0498752080385784,
        0.0221712873293109,
      ]),
    Case(
      name: "weights of positives", loss: .binaryCrossEntropy(positive: weights), targets: labels,
      losses: [0.748473184383173, 1.30588312588514],
      gradient: [
        -0.0709262471980568, 0.0771584055003275, 0.209088692051645, 0.207486443733952, -0.316680541680707,
        -0.334093886084083,
      ],
      product: [
        0.00814861038969153, -0.0237192587529074, 0.0364480143002345, -0.0783345707338648,
        0.0997504160771568,
        0.0332569309939664,
      ]),
    Case(
      name: "Huber", loss: .huber(delta: 0.8), targets: labels,
      losses: [0.681666666666667, 0.521666666666667],
      gradient: [
        -0.233333333333333, -0.266666666666667, 0.266666666666667, 0.166666666666667, -0.266666666666667,
        -0.266666666666667,
      ], product: [0.0666666666666667, 0, 0, -0.333333333333333, 0, 0]),
    Case(
      name: "Poisson", loss: .poisson, targets: counts, losses: [2.17240764401862, 1.8834924975224],
      gradient: [
        -0.883380397474666, 0.100398070637401, 2.38872330418922, 0.549573756900043, -0.964943027308117,
        -1.1678048987362,
      ],
      product: [
        0.0899905871717335, -0.0401592282549603, 2.72205663752255, -0.549573756900043, 0.22103418361513,
        0.0496585303791409,
      ]),
    Case(
      name: "positions", loss: .crossEntropy, targets: .positions([0, 1, -1, -1, 1, 0], count: 3),
      outputs: [0.3, -1.2, 2.1, 0.4, 1.0, -0.2, 0.5, 0.1, -0.7, 1.2, 0.6, 0.9],
      vector: [0.2, -0.4, 1.0, 0.3, 0.7, 0.1, -1.0, 0.6, 0.3, 0.2, -0.5, 0.8],
      losses: [1.03459965368451, 0.496871001375744],
      gradient: [
        -0.0912127619031782, 0.0912127619031782, 0.422767367458233, -0.422767367458233, 0, 0, 0, 0,
        0.0650542371814989, -0.0650542371814989, -0.287221258405829, 0.28722125840583,
      ],
      product: [
        0.0447439356210999, -0.0447439356210999, 0.0457120114381728, -0.0457120114381728, 0, 0, 0, 0,
        0.00565901296309655, -0.00565901296309655, -0.158897902598985, 0.158897902598985,
      ]),
  ]

  private static let tolerance = 2e-14

  @Test(arguments: cases) func equalsPyTorch(_ row: Case) {
    let count = row.outputs.count
    let columns = count / 2
    let losses = Buffer<Double>(count: 2)
    let (gradient, product) = (Buffer<Double>(count: count), Buffer<Double>(count: count))
    row.outputs.withUnsafeBufferPointer { f in
      row.vector.withUnsafeBufferPointer { v in
        guard let f = f.baseAddress, let v = v.baseAddress else { return }
        row.loss.evaluate(
          f, columns: columns, targets: row.targets, range: 0..<2, losses: losses.pointer,
          gradient: gradient.pointer, scale: 1)
        row.loss.curvature(
          f, tf: v, columns: columns, targets: row.targets, range: 0..<2, scale: 1, into: product.pointer)
      }
    }
    for place in 0..<2 { #expect(abs(losses.pointer[place] - row.losses[place]) < Self.tolerance * 10) }
    for place in 0..<count {
      #expect(abs(gradient.pointer[place] - row.gradient[place]) < Self.tolerance)
      #expect(abs(product.pointer[place] - row.product[place]) < Self.tolerance * 10)
    }
  }

  /// A single output f is the pair of outputs (0, f).
  @Test(arguments: [Loss.crossEntropy, .softmax(.init(smoothing: 0.3, weights: [0.5, 2]))])
  func aSingleOutputIsAPair(_ loss: Loss) {
    func numbers(_ outputs: [Double], _ tangents: [Double]) -> [Double] {
      let columns = outputs.count
      let value = Buffer<Double>(count: 1)
      let (gradient, product) = (Buffer<Double>(count: columns), Buffer<Double>(count: columns))
      outputs.withUnsafeBufferPointer { f in
        tangents.withUnsafeBufferPointer { v in
          guard let f = f.baseAddress, let v = v.baseAddress else { return }
          loss.evaluate(
            f, columns: columns, targets: .classes([1]), range: 0..<1, losses: value.pointer,
            gradient: gradient.pointer, scale: 2)
          loss.curvature(
            f, tf: v, columns: columns, targets: .classes([1]), range: 0..<1, scale: 2,
            into: product.pointer)
        }
      }
      return [value.pointer[0], gradient.pointer[columns - 1], product.pointer[columns - 1]]
    }
    for (one, pair) in zip(numbers([0.7], [1.5]), numbers([0, 0.7], [0, 1.5])) {
      #expect(abs(one - pair) < 1e-14)
    }
  }

  /// The share of positions, and of labels, that are named rightly.
  @Test func partsOfASampleCount() {
    let outputs = [0.3, -1.2, 2.1, 0.4, 1.0, -0.2, 0.5, 0.1, -0.7, 1.2, 0.6, 0.9]
    let positions = Targets.positions([0, 1, -1, -1, 1, 0], count: 3)
    let labels = Targets.values([1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1], columns: 6)
    outputs.withUnsafeBufferPointer { f in
      guard let f = f.baseAddress else { return }
      // Of each sample the first position that counts is right, and the second is not.
      #expect(
        Loss.crossEntropy.correctness(f, columns: 6, targets: positions, range: 0..<2) == 1)
      // Five of six, and five of six.
      let share = Loss.binaryCrossEntropy(positive: []).correctness(
        f, columns: 6, targets: labels, range: 0..<2)
      #expect(abs(share - 10.0 / 6) < 1e-15)
    }
  }
}
