import HTTP
import JSON

extension RouteTable {
  /// The guide needs no token. A browser sends no token with a link, and the pages are no secret.
  func addGuide() {
    immediate(.get, "/guide", .latest, isOpen: true) { _, call in
      try call.checkQuery()
      return try call.respond(try Guide.standard.get().index)
    }
    immediate(.get, "/guide/{page}", .latest, isOpen: true) { _, call in
      try call.checkQuery()
      let asked = call.parameter("page")
      let isText = asked.hasSuffix(".md")
      let name = isText ? String(asked.dropLast(3)) : asked
      let guide = try Guide.standard.get()
      guard let page = guide[name] else {
        let suggestion = Spelling.suggestion(for: name, among: guide.pages.map(\.name))
        throw Problem(.notFound, "the guide has no page \(FieldReader.brief(.string(name)))\(suggestion)")
      }
      return try call.respond(page, asText: isText)
    }
  }
}

extension Call {
  /// A page as HTML if the client prefers HTML, as browsers do; otherwise as Markdown.
  ///
  /// - Parameter asText: the address asks for Markdown, which overrules `Accept`.
  fileprivate func respond(_ page: GuidePage, asText: Bool = false) throws(Problem) -> Response {
    let offers = ["text/markdown", "text/plain"] + (asText ? [] : ["text/html"])
    guard let type = Negotiation.preferred(offers, accept: request.headers) else {
      throw Problem(.notAcceptable, "this page is available as text/html, text/markdown and text/plain")
    }
    let isHTML = type == "text/html"
    var headers: Headers = [
      "Content-Type": "\(type); charset=utf-8", "Vary": "Accept", "X-Content-Type-Options": "nosniff",
    ]
    if isHTML { headers.set("Content-Security-Policy", GuideDocument.policy) }
    return Response(.ok, headers: headers, body: .bytes(Array((isHTML ? page.html : page.text).utf8)))
  }
}
