import Foundation
import Influence
import JSON
import Tensor

/// The computed part of the spectrum of one curvature H. The spectrum of H + λI is the same, shifted by λ.
struct RiskSpectrum {
  private let count: Int
  /// Eigenvalues that are among the first `count` in magnitude for any of the shifts.
  private let values: [Double]
  /// ‖Hv − λv‖, computed from the vectors.
  private let residuals: [Double]
  private let converged: Bool
  private let products: Int
  /// The ends of H, each with the distance at which the true end may lie beyond.
  private let largest: (value: Double, uncertainty: Double)
  private let smallest: (value: Double, uncertainty: Double)
  /// The size that rounding gives a zero eigenvalue.
  private let noise: Double
  private let density: (request: SpectrumRequest.Density, measured: SpectralDensity)?

  init<Element: Scalar>(
    _ h: SampledCurvature<Element>, l2: [Double], _ request: SpectrumRequest, basisLimit: Int,
    _ context: PartContext
  ) throws {
    let share = request.density == nil ? 1 : 0.6
    let pairs = try LanczosEigensolver(
      count: request.count, tolerance: request.tolerance, basisLimit: basisLimit,
      productLimit: request.iterations, seed: UInt64(request.seed), findsMultiples: true, shifts: l2
    ).solve(h) { step in
      try context.throwIfInterrupted()
      // The number of steps is unknown, so each basis counts as half of the rest.
      let done = 1 - pow(0.5, Double(step.iteration) / Double(basisLimit))
      context.progress(
        0.05 + done * 0.8 * share, phase: "eigenvalues",
        detail: "product \(step.iteration) of at most \(step.limit)")
    }
    context.progress(0.85 * share, phase: "eigenvalues", detail: "residuals")
    var products = pairs.products + pairs.values.count
    let residuals = try pairs.trueResiduals(h)
    let scale = pairs.values.map(\.magnitude).max() ?? 0
    let tolerance = request.tolerance ?? (Element.precision == .float32 ? 1e-5 : 1e-10)
    let noise = 4 * Double(Element.ulpOfOne) * scale
    converged = pairs.converged && residuals.allSatisfy { $0 <= tolerance * scale + noise }
    count = request.count
    values = pairs.values
    self.residuals = residuals
    self.noise = noise

    /// An end of the spectrum. If, under some shift, a value of its sign is among the first `count`, then the
    /// end is among the pairs. No value further out can have been left out.
    func end(_ order: LanczosEigensolver.Order, _ sign: Double) throws -> (value: Double, uncertainty: Double)
    {
      let isAmong =
        pairs.values.count == h.dimension
        || l2.contains { shift in
          Self.first(request.count, of: pairs.values, shift: shift).contains {
            sign * (pairs.values[$0] + shift) > 0
          }
        }
      if isAmong,
        let place = pairs.values.indices.max(by: { sign * pairs.values[$0] < sign * pairs.values[$1] })
      {
        return (pairs.values[place], residuals[place])
      }
      let found = try LanczosEigensolver(
        count: 1, order: order, tolerance: max(tolerance, 1e-6), basisLimit: basisLimit,
        productLimit: min(request.iterations, 400), seed: UInt64(request.seed)
      ).solve(h) { step in
        try context.throwIfInterrupted()
        context.progress(
          (0.85 + 0.14 * Double(step.iteration) / Double(step.limit)) * share, phase: "eigenvalues",
          detail: "the \(order.rawValue), product \(step.iteration)")
      }
      products += found.products + 1
      return (found.values[0], try found.trueResiduals(h)[0])
    }
    largest = try end(.largest, 1)
    smallest = try end(.smallest, -1)

    density = try request.density.map { wanted in
      let measured = try SpectralDensity(
        of: h, probes: wanted.probes, steps: wanted.steps, seed: UInt64(request.seed)
      ) { step in
        try context.throwIfInterrupted()
        context.progress(
          share + (1 - share) * Double(step.iteration) / Double(step.limit), phase: "density",
          detail: "product \(step.iteration) of \(step.limit)")
      }
      return (wanted, measured)
    }
    self.products = products
  }

  /// The places of the values that are largest in magnitude after a shift, by falling magnitude.
  private static func first(_ count: Int, of values: [Double], shift: Double) -> ArraySlice<Int> {
    values.indices.sorted {
      let (a, b) = (abs(values[$0] + shift), abs(values[$1] + shift))
      return a != b ? a > b : $0 < $1
    }.prefix(count)
  }

  /// The members of a result's row for H + λI. `density_values` has the points, then the density there.
  func row(l2: Double) -> JSONObject {
    let order = Self.first(count, of: values, shift: l2)
    let shifted = order.map { values[$0] + l2 }
    let residuals = order.map { self.residuals[$0] }
    let bounds = residuals.map { $0 + noise }
    let negative = zip(shifted, bounds).filter { $0 < -$1 }.count
    var row: JSONObject = [
      "eigenvalues": JSONValue(shifted), "residuals": JSONValue(residuals),
      "negative_share": .number(Double(negative) / Double(max(1, shifted.count))),
      "uncertain_signs": JSONValue(zip(shifted, bounds).filter { abs($0) <= $1 }.count),
      "largest": .number(largest.value + l2), "smallest": .number(smallest.value + l2),
      "uncertainty": [
        "largest": .number(largest.uncertainty), "smallest": .number(smallest.uncertainty),
      ],
      "converged": .bool(converged),
      "reason": converged ? .null : .string(StopReason.iterationLimit.rawValue),
      "products": JSONValue(products),
    ]
    guard let density else { return row }
    let (low, high) = (smallest.value, max(largest.value, smallest.value))
    let width = density.request.width ?? max((high - low) / 100, noise, .leastNormalMagnitude)
    let points = (0..<density.request.points).map { index in
      low - 4 * width + (high - low + 8 * width) * Double(index) / Double(density.request.points - 1)
    }
    row["density"] = [
      "width": .number(width), "products": JSONValue(density.measured.products),
      "negative_mass": .number(density.measured.mean { $0 + l2 < -noise ? 1 : 0 }),
      "mean": .number(density.measured.mean { $0 } + l2),
    ]
    row["density_values"] = JSONValue(
      points.map { $0 + l2 } + density.measured.density(at: points, width: width))
    return row
  }
}
