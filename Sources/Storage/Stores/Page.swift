/// A part of a collection, newest first.
public struct Page<Item: Sendable>: Sendable {
  public let items: [Item]
  /// The id to ask for as `after` for the next page; nil at the end.
  public let next: String?

  /// Makes a page of rows that were fetched with one more than the limit. The extra row shows that there is a
  /// next page.
  init(_ rows: [Item], limit: Int, id: (Item) -> String) {
    items = Array(rows.prefix(limit))
    next = rows.count > limit ? items.last.map(id) : nil
  }
}
