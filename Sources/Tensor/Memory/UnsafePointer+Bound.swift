// For calls of kernels that exist once for each precision.

extension UnsafePointer {
  /// The same memory as elements of the type that they are.
  func bound<Other>(_: Other.Type = Other.self) -> UnsafePointer<Other> {
    UnsafeRawPointer(self).assumingMemoryBound(to: Other.self)
  }
}

extension UnsafeMutablePointer {
  /// The same memory as elements of the type that they are.
  func bound<Other>(_: Other.Type = Other.self) -> UnsafeMutablePointer<Other> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: Other.self)
  }
}
