internal import Database
internal import ServiceKit
internal import UserTables

/// The history of the schema `datatables`.
enum DataTablesMigrations {
  static let all = [tables]

  /// The suite's own tables, custom tables' definitions and links, deleted profiles, imports. Creates tables; locks
  /// nothing that exists.
  static let tables = Migration(
    number: 1, name: "custom tables and imports",
    sql: """
      -- Definitions of what users keep in tables of their own, t<number> each. Creates tables; no lock.
      \(Lease.schema)
      \(Log.schema)
      \(Log.followerSchema)
      \(RequestLedger.schema)

      CREATE TABLE custom_tables (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        definition bytea NOT NULL,
        -- Every id of a column or link that the table ever had: a column's number is its place, from 1.
        every_id text[] NOT NULL,
        -- The profile table that its rows belong to, by its number in Profiles, and the type of the attribute that rows
        -- name their profile by. Null for a repository.
        profile_table bigint,
        profile_key_type smallint,
        version bigint NOT NULL DEFAULT 1,
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX custom_tables_id ON custom_tables (entity, lower(id));
      CREATE INDEX custom_tables_profile_table ON custom_tables (profile_table);
      \(EntityPolicy.sql(forTable: "custom_tables", granting: "SELECT"))

      -- Which columns are links, and to what: what a deletion asks for, and what keeps a table from being deleted.
      CREATE TABLE table_links (
        entity bigint NOT NULL,
        source bigint NOT NULL REFERENCES custom_tables (number) ON DELETE CASCADE,
        column_number integer NOT NULL,
        target bigint NOT NULL REFERENCES custom_tables (number),
        -- The key column of the target, by number, and its type. Neither ever changes.
        target_column integer NOT NULL,
        target_type smallint NOT NULL,
        PRIMARY KEY (source, column_number)
      );
      CREATE INDEX table_links_target ON table_links (target);
      \(EntityPolicy.sql(forTable: "table_links", granting: "SELECT"))

      -- Profiles that are gone, so that no row is written for them any more by who resolved their key before.
      CREATE TABLE deleted_profiles (
        entity bigint NOT NULL,
        profile_table bigint NOT NULL,
        -- 0: all of them, with their table.
        profile bigint NOT NULL,
        deleted_at timestamp with time zone NOT NULL DEFAULT now(),
        PRIMARY KEY (profile_table, profile)
      );
      CREATE INDEX deleted_profiles_age ON deleted_profiles (deleted_at);
      \(EntityPolicy.sql(forTable: "deleted_profiles", granting: "SELECT"))

      \(ImportStore.schema)
      """)
}
