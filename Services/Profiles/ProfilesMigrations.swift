internal import Database
internal import ServiceKit
internal import UserTables

/// The history of the schema `profiles`.
enum ProfilesMigrations {
  static let all = [tables]

  /// The suite's own tables, profile tables' definitions, imports and what they refused. Creates tables; locks nothing that exists.
  static let tables = Migration(
    number: 1, name: "profile tables and imports",
    sql: """
      -- Definitions of what users keep in tables of their own, t<number> each. Creates tables; no lock.
      \(Lease.schema)
      \(Log.schema)
      \(RequestLedger.schema)

      CREATE TABLE profile_tables (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        definition bytea NOT NULL,
        -- Every field id that the table ever had: a field's number is its place, from 1.
        every_id text[] NOT NULL,
        version bigint NOT NULL DEFAULT 1,
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX profile_tables_id ON profile_tables (entity, lower(id));
      \(EntityPolicy.sql(forTable: "profile_tables", granting: "SELECT"))

      \(ImportStore.schema)
      """)
}
