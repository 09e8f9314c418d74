import HTTP

/// Targets, ranges, entity tags, dates and `Accept`. The bytes have one line for each: a target, `Range`,
/// `If-Range`, a list of entity tags, a date, `Accept`.
func checkSemantics(_ bytes: [UInt8]) throws {
  let lines = bytes.split(separator: 0x0A, maxSplits: 5, omittingEmptySubsequences: false).map {
    String(decoding: $0, as: UTF8.self)
  }
  func line(_ index: Int) -> String? { index < lines.count && !lines[index].isEmpty ? lines[index] : nil }

  var headers = Headers()
  if let range = line(1) { headers.add("Range", range) }
  if let validator = line(2) { headers.add("If-Range", validator) }
  if let tags = line(3) {
    headers.add("If-None-Match", tags)
    headers.add("If-Match", tags)
  }
  if let date = line(4) {
    headers.add("If-Modified-Since", date)
    headers.add("If-Unmodified-Since", date)
  }
  if let accept = line(5) { headers.add("Accept", accept) }

  guard let request = try checkTarget(line(0) ?? "/", headers) else { return }
  try checkRanges(request)
  try checkTags(request, line(3))
  if let date = line(4), let seconds = HTTPDate.seconds(date) {
    let text = HTTPDate.string(secondsSince1970: seconds)
    try require(HTTPDate.seconds(text) == seconds, "a date that is another when written")
  }
  let offers = ["application/json", "text/plain", "image/png"]
  if let chosen = Negotiation.preferred(offers, accept: headers) {
    try require(offers.contains(chosen), "a type nobody offered")
  }
}

private func checkTarget(_ target: String, _ headers: Headers) throws -> Request? {
  let request: Request
  do throws(ParseError) {
    request = try Request(.get, target, headers: headers)
  } catch {
    return try Request(.get, "/", headers: headers)
  }
  for segment in request.pathSegments {
    try require(segment != "." && segment != ".." && !segment.utf8.contains(0), "a step upwards in a path")
  }
  var router = Router<Int>()
  for (number, pattern) in ["/", "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/artifacts/{name}"].enumerated() {
    router.add(.get, pattern, number)
  }
  if case .found(let route, let parameters) = router.match(request) {
    try require(
      parameters.all.count == route.pattern.split(separator: "{").count - 1, "parameters are missing")
    try require(!parameters.all.values.contains(""), "an empty parameter")
  }
  return request
}

private func checkRanges(_ request: Request) throws {
  for length in [0, 1, 100, Int.max] {
    let tag = EntityTag("abc")
    let range = ByteRange.of(request, length: length, entityTag: tag, modified: 784_111_777)
    if case .part(let bounds) = range {
      try require(
        !bounds.isEmpty && bounds.lowerBound >= 0 && bounds.upperBound <= length, "a range beyond the bytes")
    }
    try require(
      (range.contentRange(length: length) == nil) == (range == .whole), "Content-Range of another range")
  }
}

private func checkTags(_ request: Request, _ text: String?) throws {
  if let text, let tag = EntityTag(parsing: text) {
    try require(EntityTag(parsing: tag.description) == tag, "an entity tag that is another when written")
  }
  for current in [nil, EntityTag("abc"), EntityTag("abc", isWeak: true)] {
    let outcome = Precondition.evaluate(request, entityTag: current, modified: 784_111_777)
    if current == nil, request.headers.contains("If-Match") {
      try require(outcome == .failed, "a precondition on nothing holds")
    }
  }
}
