internal import Database
internal import ServiceKit
internal import UserTables

/// The history of the schema `profiles`.
enum ProfilesMigrations {
  static let all = [tables, targetings, deletedTables]

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

  /// Targetings, which is built on which, and populations that are being listed. Creates tables; locks `profile_tables`
  /// against writes while its foreign key is made.
  static let targetings = Migration(
    number: 2, name: "targetings",
    sql: """
      -- Saved populations. Creates tables; SHARE ROW EXCLUSIVE on profile_tables for the foreign key, for an instant.
      CREATE TABLE targetings (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        profile_table bigint NOT NULL REFERENCES profile_tables (number),
        definition bytea NOT NULL,
        version bigint NOT NULL DEFAULT 1,
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX targetings_id ON targetings (entity, lower(id));
      CREATE INDEX targetings_profile_table ON targetings (profile_table);
      \(EntityPolicy.sql(forTable: "targetings", granting: "SELECT, INSERT, UPDATE, DELETE"))

      -- Which targetings a targeting is built on: what keeps them from being deleted.
      CREATE TABLE targeting_bases (
        entity bigint NOT NULL,
        targeting bigint NOT NULL REFERENCES targetings (number) ON DELETE CASCADE,
        base bigint NOT NULL REFERENCES targetings (number),
        PRIMARY KEY (targeting, base)
      );
      CREATE INDEX targeting_bases_base ON targeting_bases (base);
      \(EntityPolicy.sql(forTable: "targeting_bases", granting: "SELECT, INSERT, DELETE"))

      -- Populations whose first page was listed, for the pages behind it.
      CREATE TABLE listed_populations (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        targeting bigint NOT NULL REFERENCES targetings (number) ON DELETE CASCADE,
        bitmap bytea NOT NULL,
        checksum bigint NOT NULL,
        listed_at timestamp with time zone NOT NULL
      );
      CREATE INDEX listed_populations_targeting ON listed_populations (targeting);
      CREATE INDEX listed_populations_age ON listed_populations (listed_at);
      \(EntityPolicy.sql(forTable: "listed_populations", granting: "SELECT, INSERT"))
      """)

  /// The profile tables that were deleted. Creates a table; locks nothing that exists.
  static let deletedTables = Migration(
    number: 3, name: "deleted profile tables",
    sql: """
      -- Ids that were given. Creates a table; no lock. Only the schema's owner reads and writes it.
      CREATE TABLE deleted_profile_tables (
        entity bigint NOT NULL,
        -- In small letters.
        id text NOT NULL,
        number bigint NOT NULL,
        had_profiles boolean NOT NULL,
        deleted_at timestamp with time zone NOT NULL DEFAULT now(),
        PRIMARY KEY (entity, id)
      );
      """)
}
