/// The stores, seen through one connection during one `read` or `write`. SQLite refuses to write in a `read`.
public struct Session {
  public let connection: Connection
  let clock: @Sendable () -> Timestamp
  let identifiers: IdentifierSource

  public var now: Timestamp { clock() }

  public var blobs: BlobStore { BlobStore(session: self) }
  public var datasets: DatasetStore { DatasetStore(session: self) }
  public var models: ModelStore { ModelStore(session: self) }
  public var checkpoints: CheckpointStore { CheckpointStore(session: self) }
  public var jobs: JobStore { JobStore(session: self) }
  public var stages: StageStore { StageStore(session: self) }
  public var artifacts: ArtifactStore { ArtifactStore(session: self) }
  public var events: EventStore { EventStore(session: self) }
  public var idempotency: IdempotencyStore { IdempotencyStore(session: self) }
}
