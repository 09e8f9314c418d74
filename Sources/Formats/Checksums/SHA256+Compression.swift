/// Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
private let roundConstants: [UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
  0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
  0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
  0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
  0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
  0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
  0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]

extension SHA256 {
  /// The eight working words between blocks, and the compression function (section 6.2.2).
  struct State: Sendable {
    /// Section 5.3.3.
    var words = SIMD8<UInt32>(
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)

    /// Compresses `blocks` times 64 bytes.
    ///
    /// The schedule is a ring of 16 words. Each is replaced just before its round, so that the two
    /// independent chains of additions overlap. The eight variables change names instead of values.
    mutating func compress(_ source: UnsafeRawPointer, blocks: Int) {
      let start = words
      var (h0, h1, h2, h3) = (start[0], start[1], start[2], start[3])
      var (h4, h5, h6, h7) = (start[4], start[5], start[6], start[7])
      roundConstants.withUnsafeBufferPointer { constants in
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { ring in
          let k = constants.baseAddress!
          let w = ring.baseAddress!
          var source = source
          for _ in 0..<blocks {
            var (a, b, c, d, e, f, g, h) = (h0, h1, h2, h3, h4, h5, h6, h7)
            for index in 0..<16 {
              let word = source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
              w[index] = UInt32(bigEndian: word)
            }
            for half in 0..<2 {
              let i = half &* 8
              round(a, b, c, &d, e, f, g, &h, k[i &+ 0] &+ w[i &+ 0])
              round(h, a, b, &c, d, e, f, &g, k[i &+ 1] &+ w[i &+ 1])
              round(g, h, a, &b, c, d, e, &f, k[i &+ 2] &+ w[i &+ 2])
              round(f, g, h, &a, b, c, d, &e, k[i &+ 3] &+ w[i &+ 3])
              round(e, f, g, &h, a, b, c, &d, k[i &+ 4] &+ w[i &+ 4])
              round(d, e, f, &g, h, a, b, &c, k[i &+ 5] &+ w[i &+ 5])
              round(c, d, e, &f, g, h, a, &b, k[i &+ 6] &+ w[i &+ 6])
              round(b, c, d, &e, f, g, h, &a, k[i &+ 7] &+ w[i &+ 7])
            }
            for base in stride(from: 16, to: 64, by: 16) {
              let k = k + base
              round(a, b, c, &d, e, f, g, &h, k[0] &+ extended(w, 0))
              round(h, a, b, &c, d, e, f, &g, k[1] &+ extended(w, 1))
              round(g, h, a, &b, c, d, e, &f, k[2] &+ extended(w, 2))
              round(f, g, h, &a, b, c, d, &e, k[3] &+ extended(w, 3))
              round(e, f, g, &h, a, b, c, &d, k[4] &+ extended(w, 4))
              round(d, e, f, &g, h, a, b, &c, k[5] &+ extended(w, 5))
              round(c, d, e, &f, g, h, a, &b, k[6] &+ extended(w, 6))
              round(b, c, d, &e, f, g, h, &a, k[7] &+ extended(w, 7))
              round(a, b, c, &d, e, f, g, &h, k[8] &+ extended(w, 8))
              round(h, a, b, &c, d, e, f, &g, k[9] &+ extended(w, 9))
              round(g, h, a, &b, c, d, e, &f, k[10] &+ extended(w, 10))
              round(f, g, h, &a, b, c, d, &e, k[11] &+ extended(w, 11))
              round(e, f, g, &h, a, b, c, &d, k[12] &+ extended(w, 12))
              round(d, e, f, &g, h, a, b, &c, k[13] &+ extended(w, 13))
              round(c, d, e, &f, g, h, a, &b, k[14] &+ extended(w, 14))
              round(b, c, d, &e, f, g, h, &a, k[15] &+ extended(w, 15))
            }
            h0 &+= a
            h1 &+= b
            h2 &+= c
            h3 &+= d
            h4 &+= e
            h5 &+= f
            h6 &+= g
            h7 &+= h
            source += 64
          }
        }
      }
      words = SIMD8(h0, h1, h2, h3, h4, h5, h6, h7)
    }
  }
}

@inline(__always)
private func rotated(_ x: UInt32, _ count: UInt32) -> UInt32 {
  x &>> count | x &<< (32 &- count)
}

/// σ₀ of section 4.1.2.
@inline(__always)
private func sigma0(_ x: UInt32) -> UInt32 {
  rotated(x, 7) ^ rotated(x, 18) ^ (x &>> 3)
}

/// σ₁ of section 4.1.2.
@inline(__always)
private func sigma1(_ x: UInt32) -> UInt32 {
  rotated(x, 17) ^ rotated(x, 19) ^ (x &>> 10)
}

/// Replaces the word of 16 rounds before by the next word of the schedule.
@inline(__always)
private func extended(_ w: UnsafeMutablePointer<UInt32>, _ i: Int) -> UInt32 {
  let word = w[i] &+ sigma0(w[(i &+ 1) & 15]) &+ w[(i &+ 9) & 15] &+ sigma1(w[(i &+ 14) & 15])
  w[i] = word
  return word
}

/// A step of section 6.2.2. Only d and h get new values.
@inline(__always)
private func round(
  _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
  _ h: inout UInt32, _ constantAndWord: UInt32
) {
  let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
  let choice = g ^ (e & (f ^ g))
  let t1 = h &+ sum1 &+ choice &+ constantAndWord
  let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
  let majority = (a & b) | (c & (a | b))
  d &+= t1
  h = t1 &+ sum0 &+ majority
}
