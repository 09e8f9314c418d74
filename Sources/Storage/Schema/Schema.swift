/// The tables, as the list of steps that make them.
///
/// Times are milliseconds since 1970. JSON is text that nothing here reads. A blob belongs to the one row
/// that names it. If that row is deleted or names another blob, a trigger marks the blob dead, and
/// `BlobStore.sweep` removes its chunks later in short transactions.
package enum Schema {
  package static let migrations = [
    Migration(version: 1, name: "first", sql: first),
    Migration(version: 2, name: "lanes", sql: lanes),
    Migration(version: 3, name: "estimates", sql: "ALTER TABLE job ADD COLUMN estimate TEXT"),
    Migration(version: 4, name: "padding", sql: "ALTER TABLE heartbeat ADD COLUMN padding BLOB"),
    Migration(version: 5, name: "recipes", run: addRecipes),
    Migration(version: 6, name: "records", run: addRecords),
  ]

  /// The key of a chunk holds the id of its blob and its position, so chunks of a blob lie side by side
  /// without an index.
  static let chunkPositionBits: Int64 = 24

  private static let first = """
    CREATE TABLE heartbeat (time INTEGER NOT NULL) STRICT;
    INSERT INTO heartbeat VALUES (0);

    CREATE TABLE blob (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      state TEXT NOT NULL CHECK (state IN ('pending', 'sealed', 'dead')),
      chunk_size INTEGER NOT NULL,
      size INTEGER,
      sha256 TEXT,
      created INTEGER NOT NULL,
      CHECK (state <> 'sealed' OR (size IS NOT NULL AND sha256 IS NOT NULL))
    ) STRICT;
    CREATE INDEX blob_unowned ON blob (state) WHERE state <> 'sealed';
    CREATE TABLE blob_chunk (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;

    CREATE TABLE dataset (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL CHECK (state IN ('incomplete', 'ready', 'failed')),
      source TEXT NOT NULL,
      description TEXT NOT NULL,
      created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE dataset_part (
      dataset TEXT NOT NULL REFERENCES dataset (name) ON DELETE CASCADE,
      split TEXT NOT NULL,
      part TEXT NOT NULL,
      detail TEXT NOT NULL,
      blob INTEGER NOT NULL UNIQUE REFERENCES blob (id),
      created INTEGER NOT NULL,
      PRIMARY KEY (dataset, split, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER dataset_part_deleted AFTER DELETE ON dataset_part
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;
    CREATE TRIGGER dataset_part_replaced AFTER UPDATE OF blob ON dataset_part WHEN OLD.blob <> NEW.blob
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;

    CREATE TABLE model (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      dataset TEXT NOT NULL REFERENCES dataset (name),
      description TEXT NOT NULL,
      created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX model_dataset ON model (dataset);

    CREATE TABLE checkpoint (
      id TEXT PRIMARY KEY,
      model TEXT NOT NULL REFERENCES model (name) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      job TEXT,
      parent TEXT,
      metrics TEXT NOT NULL,
      blob INTEGER NOT NULL UNIQUE REFERENCES blob (id),
      created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX checkpoint_model ON checkpoint (model, id);
    CREATE INDEX checkpoint_job ON checkpoint (job) WHERE job IS NOT NULL;
    CREATE TRIGGER checkpoint_deleted AFTER DELETE ON checkpoint
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;

    CREATE TABLE job (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
      priority INTEGER NOT NULL,
      lane INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      cancel_requested INTEGER NOT NULL,
      created INTEGER NOT NULL,
      started INTEGER,
      finished INTEGER,
      progress TEXT,
      error TEXT,
      request TEXT NOT NULL,
      result TEXT
    ) STRICT;
    CREATE INDEX job_queue ON job (priority DESC, id, lane) WHERE state = 'queued';
    CREATE INDEX job_finished ON job (finished) WHERE finished IS NOT NULL;
    CREATE INDEX job_state ON job (state, id);
    CREATE INDEX job_kind ON job (kind, id);
    CREATE TABLE job_use (
      job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('model', 'dataset', 'checkpoint')),
      name TEXT NOT NULL,
      PRIMARY KEY (role, name, job)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_use_job ON job_use (job);

    CREATE TABLE job_count (
      kind TEXT NOT NULL,
      state TEXT NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (kind, state)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER job_counted AFTER INSERT ON job
      BEGIN
        INSERT INTO job_count VALUES (NEW.kind, NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
      END;
    CREATE TRIGGER job_recounted AFTER UPDATE OF state ON job WHEN OLD.state <> NEW.state
      BEGIN
        UPDATE job_count SET count = count - 1 WHERE kind = OLD.kind AND state = OLD.state;
        INSERT INTO job_count VALUES (NEW.kind, NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
      END;
    CREATE TRIGGER job_discounted AFTER DELETE ON job
      BEGIN UPDATE job_count SET count = count - 1 WHERE kind = OLD.kind AND state = OLD.state; END;

    CREATE TABLE job_stage (
      job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      detail TEXT NOT NULL,
      blob INTEGER NOT NULL UNIQUE REFERENCES blob (id),
      saved INTEGER NOT NULL,
      PRIMARY KEY (job, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER job_stage_deleted AFTER DELETE ON job_stage
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;
    CREATE TRIGGER job_stage_replaced AFTER UPDATE OF blob ON job_stage WHEN OLD.blob <> NEW.blob
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;

    CREATE TABLE artifact (
      job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      dtype TEXT NOT NULL,
      shape TEXT NOT NULL,
      blob INTEGER NOT NULL UNIQUE REFERENCES blob (id),
      created INTEGER NOT NULL,
      PRIMARY KEY (job, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER artifact_deleted AFTER DELETE ON artifact
      BEGIN UPDATE blob SET state = 'dead' WHERE id = OLD.blob; END;

    CREATE TABLE event (
      job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      id INTEGER NOT NULL,
      name TEXT NOT NULL,
      data TEXT NOT NULL,
      created INTEGER NOT NULL,
      PRIMARY KEY (job, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE idempotency (
      key TEXT PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      status INTEGER NOT NULL,
      resource TEXT NOT NULL,
      expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_expiry ON idempotency (expires);
    """

  /// Every checkpoint gets the recipe that it was trained by: that of its job, or else the latest of its
  /// model, which jobs used so far. An edited checkpoint gets that of its parent; an initial one gets none.
  @Sendable private static func addRecipes(_ connection: Connection) throws {
    try connection.script(
      """
      ALTER TABLE checkpoint ADD COLUMN training TEXT;
      UPDATE checkpoint SET training = (
        SELECT json_remove(request, '$.kind', '$.priority', '$.time_limit', '$.model', '$.checkpoint', '$.seed')
        FROM job WHERE job.id = checkpoint.job AND job.kind = 'train')
      WHERE kind = 'trained';
      UPDATE checkpoint SET training = (
        SELECT json_extract(description, '$.training') FROM model WHERE name = checkpoint.model)
      WHERE training IS NULL AND kind IN ('trained', 'uploaded');
      """)
    // Edits of edits take as many turns as they are deep.
    while try connection.run(
      """
      UPDATE checkpoint SET training = (SELECT training FROM checkpoint parent WHERE parent.id = checkpoint.parent)
      WHERE training IS NULL AND kind = 'edited' AND parent IN (SELECT id FROM checkpoint WHERE training IS NOT NULL)
      """) > 0
    {}
  }

  /// Every edited checkpoint gets the record of its parent and the edit of its job. If the job or the parent
  /// is gone, the record is incomplete. A model retrained with true labels was trained on them. Weights
  /// trained on from edited ones have no edits: in earlier versions they saw every sample of their recipe.
  @Sendable private static func addRecords(_ connection: Connection) throws {
    try connection.script(
      """
      ALTER TABLE checkpoint ADD COLUMN record TEXT;
      CREATE TEMP TABLE edit AS
        SELECT checkpoint.id AS checkpoint, checkpoint.parent AS parent, checkpoint.kind AS kind,
          CASE WHEN job.id IS NULL THEN NULL ELSE json_object(
            'change', CASE WHEN job.kind = 'remove' THEN 'removed' ELSE 'corrected' END,
            'group', CASE
              WHEN json_type(request, '$.class') = 'integer'
                THEN json_object('class', json_extract(request, '$.class'))
              WHEN json_type(request, '$.indices') = 'array'
                THEN json_object('indices', json(json_extract(request, '$.indices')))
              WHEN json_extract(request, '$.relabeled') THEN json_object('relabeled', json('true'))
              WHEN json_extract(request, '$.heterogeneous') THEN json_object('heterogeneous', json('true'))
              ELSE json_object('poisoned', json('true')) END,
            'samples', CASE WHEN job.kind = 'remove' THEN json_extract(result, '$.samples.group')
              ELSE json_extract(result, '$.samples.changed') END,
            'job', job.id) END AS step
        FROM checkpoint LEFT JOIN job ON job.id = checkpoint.job
        WHERE (checkpoint.kind = 'edited' AND (job.id IS NULL OR job.kind IN ('remove', 'recover')))
          OR (checkpoint.kind = 'trained' AND job.kind = 'retrain' AND json_extract(request, '$.recover'));
      UPDATE checkpoint SET record = (
        SELECT json_object(
          'edits', CASE WHEN step IS NULL THEN json('[]') ELSE json_array(json(step)) END,
          'incomplete', json(CASE WHEN step IS NULL OR (edit.kind = 'edited' AND NOT EXISTS (
            SELECT 1 FROM checkpoint old WHERE old.id = edit.parent)) THEN 'true' ELSE 'false' END))
        FROM edit WHERE edit.checkpoint = checkpoint.id)
      WHERE id IN (SELECT edit.checkpoint FROM edit WHERE edit.kind = 'trained'
        OR NOT EXISTS (SELECT 1 FROM checkpoint old WHERE old.id = edit.parent AND old.kind = 'edited'));
      """)
    // Edits of edits take as many turns as they are deep.
    while try connection.run(
      """
      UPDATE checkpoint SET record = (
        SELECT json_object(
          'edits', CASE WHEN step IS NULL THEN json(json_extract(old.record, '$.edits'))
            ELSE json_insert(json_extract(old.record, '$.edits'), '$[#]', json(step)) END,
          'incomplete', json(CASE WHEN step IS NULL OR json_extract(old.record, '$.incomplete')
            THEN 'true' ELSE 'false' END))
        FROM edit JOIN checkpoint old ON old.id = edit.parent WHERE edit.checkpoint = checkpoint.id)
      WHERE record IS NULL AND kind = 'edited'
        AND parent IN (SELECT id FROM checkpoint WHERE kind = 'edited' AND record IS NOT NULL)
      """) > 0
    {}
    try connection.script("DROP TABLE temp.edit")
  }

  /// Indexes for two walks: a worker for short jobs passes over long jobs that wait, and a list of one kind
  /// in one state over all other states.
  private static let lanes = """
    DROP INDEX job_queue;
    CREATE INDEX job_lane ON job (lane, priority DESC, id) WHERE state = 'queued';
    DROP INDEX job_kind;
    CREATE INDEX job_kind_state ON job (kind, state, id);
    CREATE INDEX checkpoint_edited ON checkpoint (created) WHERE kind = 'edited';
    """
}
