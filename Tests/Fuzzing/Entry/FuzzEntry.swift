import Glibc

/// The entry of libFuzzer, which passes bytes of its own. INFLUENCED_FUZZ_TARGET names the check.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = start.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
  do {
    try target.check(bytes)
  } catch {
    fatalError("\(target.rawValue): \(error)")
  }
  return 0
}

private let target: FuzzTarget = {
  guard let name = getenv("INFLUENCED_FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name))
  else {
    fatalError("INFLUENCED_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue)).")
  }
  return target
}()
