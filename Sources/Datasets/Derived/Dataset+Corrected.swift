extension Dataset {
  /// The same set with the true label of some training samples, as an edit that put labels right leaves them.
  ///
  /// True labels and groups stay as they are: a poisoned picture still carries its trigger.
  ///
  /// - Parameter indices: of training samples; those whose label is the true one already change nothing.
  /// - Precondition: indices are in 0 ..< train.count.
  public func correcting(_ indices: [Int]) -> Dataset {
    guard let original = train.trueLabels, !indices.isEmpty else { return self }
    var labels = train.labels
    for index in indices { labels[index] = original[index] }
    guard labels != train.labels else { return self }
    return with(train: train.with(labels: labels))
  }
}
