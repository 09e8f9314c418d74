import Foundation

/// Small files that the reference implementations wrote.
enum Fixtures {
  /// `safetensors.torch.save` 0.8 of: `n` i64 scalar 7; `a"ü\n` f64 [1.5]; `b.weight` f32 0…5 as 2×3; `z` f32
  /// 0×3; `h` f16 [1]; `u` u8 [1, 2, 255]; metadata `format: pt`.
  static let safetensors = bytes(
    """
    eAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJuIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOltdLCJk
    YXRhX29mZnNldHMiOlswLDhdfSwiYVwiw7xcbiI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6
    WzgsMTZdfSwiYi53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zmc2V0cyI6WzE2LDQwXX0s
    InoiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzQwLDQwXX0sImgiOnsiZHR5cGUiOiJG
    MTYiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls0MCw0Ml19LCJ1Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzNdLCJk
    YXRhX29mZnNldHMiOls0Miw0NV19fSAgBwAAAAAAAAAAAAAAAAD4PwAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAA8AQL/
    """)

  /// `numpy.save` 2.4 of `arange(6, dtype='<f4').reshape(2, 3)`.
  static let npyFloat32 = bytes(
    """
    k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAg
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAAEAAAEBA
    AACAQAAAoEA=
    """)

  /// `numpy.save` 2.4 of `array(3.5)`.
  static let npyScalar = bytes(
    """
    k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAg
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAMQA==
    """)

  /// `numpy.save` 2.4 of `array([1, 2], dtype='u1')`.
  static let npyBytes = bytes(
    """
    k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAg
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAg==
    """)

  private static func bytes(_ base64: String) -> [UInt8] {
    Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
  }
}
