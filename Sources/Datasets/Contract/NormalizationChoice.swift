import Tensor

/// The normalization that a user asks for. All numbers are of scaled values: 0…1 if the source is bytes.
public enum NormalizationChoice: Hashable, Sendable {
  /// The scaled values themselves.
  case none
  /// Mean 0 and standard deviation 1 of each channel (feature, for vectors) over the training split.
  case standardize
  /// These means and standard deviations, one of each for all channels or one for each channel, as in
  /// PyTorch's `transforms.Normalize`.
  case given(mean: [Double], standardDeviation: [Double])
}

extension NormalizationChoice {
  /// All faults for samples of `channels` channels whose stored values are multiplied by `scale`.
  func faults(channels: Int, scale: Double) -> [ParameterFault] {
    guard case .given(let mean, let deviation) = self else { return [] }
    var faults: [ParameterFault] = []
    for (name, values) in [("mean", mean), ("standard_deviation", deviation)]
    where values.count != 1 && values.count != channels {
      faults.append(
        ParameterFault(
          "normalization.\(name)",
          "has \(values.count) numbers, and the samples have \(channels) \(channels == 1 ? "channel" : "channels or features"); give one for all, or one for each"
        ))
    }
    if let value = mean.first(where: { !($0 / scale).isFinite }) {
      faults.append(ParameterFault("normalization.mean", "must be finite numbers, got \(value)"))
    }
    if let value = deviation.first(where: { !($0 > 0 && $0.isFinite && (scale / $0).isFinite) }) {
      faults.append(
        ParameterFault("normalization.standard_deviation", "must be greater than 0, got \(value)"))
    }
    return faults
  }
}

extension Dataset {
  /// The same samples with another normalization. `scale` stays that of the source.
  ///
  /// - Throws: `DatasetError.parameters` if the numbers do not fit the channels.
  public func normalized(_ choice: NormalizationChoice) throws(DatasetError) -> Dataset {
    let scale = normalization.scale
    let faults = choice.faults(channels: shape.channels, scale: scale)
    if !faults.isEmpty { throw .parameters(faults) }
    func each(_ values: [Double]) -> [Double] {
      values.count == 1 ? Array(repeating: values[0], count: shape.channels) : values
    }
    switch choice {
    case .none: return normalized(by: .none(channels: shape.channels, scale: scale))
    case .standardize:
      return normalized(
        by: .standardizing(ChannelMoments(train.storage, shape: shape, scale: scale), scale: scale))
    case .given(let mean, let deviation):
      return normalized(
        by: Normalization(scale: scale, mean: each(mean), standardDeviation: each(deviation)))
    }
  }

  /// The same stored samples under another normalization, such as that of the model that reads them.
  ///
  /// - Precondition: the normalization has a mean and a standard deviation for each channel.
  public func normalized(by other: Normalization) -> Dataset {
    if other == normalization { return self }
    let map = ValueMap(other, shape: shape)
    return with(train: train.with(map: map), test: test.with(map: map), normalization: other)
  }
}
