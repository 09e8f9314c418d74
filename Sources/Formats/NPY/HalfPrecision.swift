extension Float {
  /// The value of an IEEE 754 binary16, which is exact in `Float`.
  public init(binary16 bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1f)
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    case 31: self = Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// The value of bfloat16, the upper half of a `Float`.
  public init(bfloat16 bits: UInt16) { self = Float(bitPattern: UInt32(bits) << 16) }
}

extension Float {
  /// The nearest IEEE 754 binary16, ties to even.
  public var binary16: UInt16 {
    let sign = UInt16(bitPattern >> 16 & 0x8000)
    let magnitude = bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    // 65,520 and more round to infinity.
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    // Below 2⁻¹⁴ numbers are multiples of 2⁻²⁴.
    if magnitude < 0x3880_0000 {
      return sign | UInt16((Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven))
    }
    let rounded = magnitude + 0xfff + (magnitude >> 13 & 1)
    return sign | UInt16((rounded - 0x3800_0000) >> 13)
  }

  /// The nearest bfloat16, ties to even.
  public var bfloat16: UInt16 {
    if isNaN { return UInt16(bitPattern >> 16) | 0x40 }
    return UInt16((bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)) >> 16)
  }
}
