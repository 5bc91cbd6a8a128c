internal import Database
internal import ServiceKit

/// The history of the schema `automation`.
enum AutomationMigrations {
  static let all = [scenarios, dates]

  /// Scenarios and their versions, what is about to begin, executions and their steps, deleted profiles. Creates tables;
  /// locks nothing that exists.
  static let scenarios = Migration(
    number: 1, name: "scenarios and executions",
    sql: """
      -- Scenarios, and each profile's way through them. Creates tables; no lock.
      \(Lease.schema)
      \(Log.followerSchema)
      \(RequestLedger.schema)

      CREATE TABLE scenarios (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        -- By its number in Profiles.
        profile_table bigint NOT NULL,
        state smallint NOT NULL,
        version bigint NOT NULL DEFAULT 1,
        -- What begins executions, of the present version: a custom table by its number in DataTables, or a form by its
        -- id. Neither: calls do.
        trigger_table bigint,
        trigger_form text,
        on_update boolean NOT NULL,
        bulk boolean NOT NULL,
        -- Events before begin nothing.
        activated_at timestamp with time zone,
        created_at timestamp with time zone NOT NULL,
        updated_at timestamp with time zone NOT NULL
      );
      CREATE UNIQUE INDEX scenarios_id ON scenarios (entity, lower(id));
      CREATE INDEX scenarios_trigger_table ON scenarios (trigger_table);
      CREATE INDEX scenarios_trigger_form ON scenarios (entity, trigger_form);
      CREATE INDEX scenarios_profile_table ON scenarios (profile_table);
      \(EntityPolicy.sql(forTable: "scenarios", granting: "SELECT, INSERT, UPDATE, DELETE"))

      -- Every definition that a scenario ever had: what runs stays on its own.
      CREATE TABLE scenario_versions (
        entity bigint NOT NULL,
        scenario bigint NOT NULL REFERENCES scenarios (number) ON DELETE CASCADE,
        version bigint NOT NULL,
        definition bytea NOT NULL,
        -- The types of what conditions compare, as they were when the version was made: `trigger.rating`, `profile.vip`.
        subjects text[] NOT NULL,
        subject_types smallint[] NOT NULL,
        -- The entity's, where a day of a condition lies.
        time_zone text NOT NULL,
        PRIMARY KEY (scenario, version)
      );
      \(EntityPolicy.sql(forTable: "scenario_versions", granting: "SELECT, INSERT"))

      -- Scenarios that are gone, and of which executions and arrivals may be left: they go in pieces.
      CREATE TABLE deleted_scenarios (
        scenario bigint PRIMARY KEY,
        entity bigint NOT NULL,
        deleted_at timestamp with time zone NOT NULL
      );
      \(EntityPolicy.sql(forTable: "deleted_scenarios", granting: "SELECT, INSERT"))

      -- What a trigger let through and nobody has looked at yet: written with the follower's cursor, deleted with the
      -- beginning of the execution.
      CREATE TABLE arrivals (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        -- No foreign key, here and of executions: a scenario is deleted at once, and these in pieces (deleted_scenarios).
        scenario bigint NOT NULL,
        version bigint NOT NULL,
        profile_table bigint NOT NULL,
        profile bigint NOT NULL,
        -- The row, by number, or the participation, by name.
        subject text NOT NULL,
        -- Tells the same thing when it comes twice.
        cause text NOT NULL,
        wake_at timestamp with time zone NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        fence bigint NOT NULL DEFAULT 0,
        leased_until timestamp with time zone,
        UNIQUE (scenario, cause)
      );
      CREATE INDEX arrivals_due ON arrivals (wake_at);
      CREATE INDEX arrivals_profile ON arrivals (profile_table, profile);
      \(EntityPolicy.sql(forTable: "arrivals", granting: "SELECT"))

      CREATE TABLE executions (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        scenario bigint NOT NULL,
        version bigint NOT NULL,
        profile_table bigint NOT NULL,
        profile bigint NOT NULL,
        cause text NOT NULL,
        state smallint NOT NULL,
        -- Where it is: standing on a step that acts on another service is the stored intent to act.
        step text NOT NULL,
        -- Steps taken.
        taken integer NOT NULL DEFAULT 0,
        -- The trigger's values; they go when it ends.
        trigger_values bytea,
        created_at timestamp with time zone NOT NULL,
        -- When it goes on; null when it has ended.
        wake_at timestamp with time zone,
        ended_at timestamp with time zone,
        error text,
        -- Tries of the present step that found a peer away, and since when.
        attempts integer NOT NULL DEFAULT 0,
        tried_since timestamp with time zone,
        -- Rises with every copy that takes it on.
        fence bigint NOT NULL DEFAULT 0,
        leased_until timestamp with time zone,
        UNIQUE (scenario, cause)
      ) WITH (fillfactor = 70);
      CREATE INDEX executions_due ON executions (wake_at) WHERE wake_at IS NOT NULL;
      CREATE INDEX executions_scenario ON executions (scenario, number);
      CREATE INDEX executions_entry ON executions (scenario, profile, number);
      CREATE INDEX executions_profile ON executions (profile_table, profile, created_at, number);
      \(EntityPolicy.sql(forTable: "executions", granting: "SELECT, INSERT"))

      CREATE TABLE execution_steps (
        entity bigint NOT NULL,
        execution bigint NOT NULL REFERENCES executions (number) ON DELETE CASCADE,
        -- From 1.
        place integer NOT NULL,
        step text NOT NULL,
        taken_at timestamp with time zone NOT NULL,
        outcome text NOT NULL,
        PRIMARY KEY (execution, place)
      );
      \(EntityPolicy.sql(forTable: "execution_steps", granting: "SELECT"))

      -- Profiles that are gone, so that nothing begins for them any more by who looked them up before.
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
      """)

  /// Scenarios that dates of profiles begin: how far each has come, and what has begun. Adds a column to `scenarios`, which
  /// it locks for an instant.
  static let dates = Migration(
    number: 2, name: "dates that begin executions",
    sql: """
      -- Dates of profiles that begin executions. ACCESS EXCLUSIVE on scenarios for a column without a default, and a lock
      -- against writes for a partial index that is empty: an instant.
      ALTER TABLE scenarios
        -- The attribute, by id, whose dates begin executions of the present version.
        ADD COLUMN trigger_date text;
      CREATE INDEX scenarios_trigger_date ON scenarios (number) WHERE trigger_date IS NOT NULL;

      -- How far each such scenario has come, and when there is something to look for again.
      CREATE TABLE date_plans (
        entity bigint NOT NULL,
        scenario bigint PRIMARY KEY REFERENCES scenarios (number) ON DELETE CASCADE,
        -- What it was planned for: another version or activation is planned anew.
        version bigint NOT NULL,
        activated_at timestamp with time zone NOT NULL,
        -- What was due by then has begun.
        planned_until timestamp with time zone NOT NULL,
        next_at timestamp with time zone NOT NULL
      ) WITH (fillfactor = 50);
      \(EntityPolicy.sql(forTable: "date_plans", granting: "SELECT"))

      -- What has begun, or was kept from it by the re-entry: a profile's date comes round once, whatever happens to the
      -- date, the zone or the clock. It goes with the profile.
      CREATE TABLE occurrences (
        entity bigint NOT NULL,
        scenario bigint NOT NULL REFERENCES scenarios (number) ON DELETE CASCADE,
        profile bigint NOT NULL,
        -- The year of a yearly date; the date itself, in days since 1970, of one that comes once.
        occurrence bigint NOT NULL,
        PRIMARY KEY (scenario, profile, occurrence)
      );
      \(EntityPolicy.sql(forTable: "occurrences", granting: "SELECT"))
      """)
}
