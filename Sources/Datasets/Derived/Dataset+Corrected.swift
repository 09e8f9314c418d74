extension Dataset {
  /// The same set with the true labels of some training samples, as after an edit that put labels right.
  ///
  /// True labels and groups do not change: a poisoned picture still carries its trigger.
  ///
  /// - Parameter indices: training samples. A sample with its true label does not change.
  /// - Precondition: indices are in 0 ..< train.count.
  public func correcting(_ indices: [Int]) -> Dataset {
    guard let original = train.trueLabels, !indices.isEmpty else { return self }
    var labels = train.labels
    for index in indices { labels[index] = original[index] }
    guard labels != train.labels else { return self }
    return with(train: train.with(labels: labels))
  }
}
