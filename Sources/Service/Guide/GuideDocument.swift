import Formats
import Foundation

/// The HTML around a page: no script, one style sheet inside the document, light and dark.
enum GuideDocument {
  /// The content policy: a browser loads only the style sheet with this digest (CSP Level 3).
  static let policy: String = {
    let digest = Data(SHA256.digest(of: Array(style.utf8)).bytes).base64EncodedString()
    return
      "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }()

  /// - Parameter body: HTML, escaped.
  static func html(title: String, body: String, isIndex: Bool) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(Markdown.escaped(title)) · influenced</title>
    <style>\(style)</style>
    </head>
    <body>
    <nav>\(isIndex ? "influenced" : "<a href=\"../guide\">influenced: the guide</a>")</nav>
    <main>
    \(body)</main>
    </body>
    </html>

    """
  }

  private static let style = """

    :root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --line: #d8d6cf; --soft: #f1f0eb; --link: #0b57a4; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e4e2dc; --paper: #171816; --line: #3a3b37; --soft: #22231f; --link: #8ab8ee; }
    }
    body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 50rem; color: var(--ink); background: var(--paper);
      font: 1.0625rem/1.6 system-ui, sans-serif; }
    nav { font-size: .9375rem; }
    h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 .6em; }
    h1 { font-size: 1.9rem; margin-top: 1rem; }
    h2 { font-size: 1.35rem; }
    h3, h4 { font-size: 1.1rem; }
    a { color: var(--link); }
    code, pre { font: .875em/1.5 ui-monospace, monospace; }
    code { background: var(--soft); padding: .1em .25em; border-radius: .2em; }
    pre { background: var(--soft); padding: .8rem 1rem; overflow-x: auto; border-radius: .3rem; }
    pre code { background: none; padding: 0; font-size: .8125rem; }
    .table { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9375rem; line-height: 1.45; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
    li { margin: .3em 0; }

    """
}
