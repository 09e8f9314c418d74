/// A part of a collection, newest first.
public struct Page<Item: Sendable>: Sendable {
  public let items: [Item]
  /// Where the next page goes on: the id to ask for as `after`; nil at the end.
  public let next: String?

  /// Of rows fetched with one more than the limit, which tells whether there is more.
  init(_ rows: [Item], limit: Int, id: (Item) -> String) {
    items = Array(rows.prefix(limit))
    next = rows.count > limit ? items.last.map(id) : nil
  }
}
