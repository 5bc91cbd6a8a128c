internal import Database
internal import ServiceKit

/// The history of the schema `forms`.
enum FormsMigrations {
  static let all = [forms]

  /// Forms, their participations, and what is still to be written into profiles. Creates tables; locks nothing that
  /// exists.
  static let forms = Migration(
    number: 1, name: "forms and participations",
    sql: """
      -- Forms and the answers to them. Creates tables; no lock.
      \(Lease.schema)
      \(Log.schema)
      \(Log.followerSchema)
      \(RequestLedger.schema)

      CREATE TABLE forms (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        -- The entity's, as it was when the definition was last written: nobody tells it when a page is asked for.
        time_zone text NOT NULL,
        -- By its number in Profiles.
        profile_table bigint NOT NULL,
        definition bytea NOT NULL,
        state smallint NOT NULL,
        -- `name=kind` of every question that was ever published: a name keeps its kind for ever.
        published_questions text[] NOT NULL DEFAULT '{}',
        version bigint NOT NULL DEFAULT 1,
        -- How many participations it has, where it may have so many and no more; null: not counted since the definition
        -- was last written.
        participations bigint,
        created_at timestamp with time zone NOT NULL,
        updated_at timestamp with time zone NOT NULL
      );
      CREATE UNIQUE INDEX forms_id ON forms (entity, lower(id));
      \(EntityPolicy.sql(forTable: "forms", granting: "SELECT, INSERT, UPDATE, DELETE"))

      CREATE TABLE participations (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        form bigint NOT NULL REFERENCES forms (number) ON DELETE CASCADE,
        profile_table bigint NOT NULL,
        -- Null: anonymous.
        profile bigint,
        source smallint NOT NULL,
        -- An encoded Participation that has answers alone.
        answers bytea NOT NULL,
        edits integer NOT NULL DEFAULT 0,
        -- A hash of what was drawn with the page and its answers, so that a page sent twice counts once. Null where
        -- there was no page.
        submission text,
        created_at timestamp with time zone NOT NULL,
        updated_at timestamp with time zone NOT NULL
      );
      CREATE INDEX participations_form ON participations (form, number);
      CREATE INDEX participations_profile ON participations (profile_table, profile, created_at, number)
        WHERE profile IS NOT NULL;
      CREATE UNIQUE INDEX participations_submission ON participations (form, submission);
      \(EntityPolicy.sql(forTable: "participations", granting: "SELECT, INSERT, UPDATE, DELETE"))

      -- What participations write into profiles, until Profiles has answered. A row outlives its form.
      CREATE TABLE enrichments (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        entity_key text NOT NULL,
        time_zone text NOT NULL,
        form text NOT NULL,
        participation bigint NOT NULL,
        edits integer NOT NULL,
        profile_table bigint NOT NULL,
        profile bigint NOT NULL,
        -- An encoded WriteProfileRequest, the same at every attempt.
        request bytea NOT NULL,
        -- How often fields that Profiles refused were taken out.
        round integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamp with time zone NOT NULL
      );
      CREATE INDEX enrichments_due ON enrichments (due_at);
      CREATE INDEX enrichments_profile ON enrichments (profile_table, profile, number);
      \(EntityPolicy.sql(forTable: "enrichments", granting: "SELECT, INSERT"))

      -- Profiles that are gone, so that nothing is recorded for them any more by who looked them up before.
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
}
