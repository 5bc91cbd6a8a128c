internal import Database

extension ImportStore {
  /// The tables of imports, for a service's own list of migrations. Creates tables; locks nothing that exists.
  package static let schema = """
    CREATE TABLE imports (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity bigint NOT NULL,
      table_number bigint NOT NULL,
      settings bytea NOT NULL,
      -- The calls that have carried it, so that only the latest settles lines.
      attempt bigint NOT NULL DEFAULT 1,
      state smallint NOT NULL DEFAULT 1,
      settled_bytes bigint NOT NULL DEFAULT 0,
      next_line bigint NOT NULL DEFAULT 1,
      header text[],
      settled_lines bigint NOT NULL DEFAULT 0,
      created bigint NOT NULL DEFAULT 0,
      updated bigint NOT NULL DEFAULT 0,
      refused bigint NOT NULL DEFAULT 0,
      error text NOT NULL DEFAULT '',
      request_id text,
      created_at timestamp with time zone NOT NULL DEFAULT now(),
      updated_at timestamp with time zone NOT NULL DEFAULT now(),
      UNIQUE (entity, table_number, request_id)
    );
    CREATE INDEX imports_newest ON imports (entity, table_number, id DESC);
    \(EntityPolicy.sql(forTable: "imports", granting: "SELECT, INSERT, UPDATE"))

    CREATE TABLE refused_lines (
      import bigint NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
      entity bigint NOT NULL,
      line bigint NOT NULL,
      column_name text NOT NULL,
      reason text NOT NULL,
      PRIMARY KEY (import, line)
    );
    \(EntityPolicy.sql(forTable: "refused_lines", granting: "SELECT, INSERT"))
    """
}
