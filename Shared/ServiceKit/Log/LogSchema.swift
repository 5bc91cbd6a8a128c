import Database

extension Log {
  /// The tables of a service that has a log; the service puts them into its migrations, after ``Lease/schema``.
  package static let schema = """
    -- What happened, unnumbered, in the transaction of the change.
    CREATE SEQUENCE log_outbox_id CACHE 1;
    CREATE TABLE log_outbox (
      id bigint PRIMARY KEY,
      partition smallint NOT NULL CHECK (partition BETWEEN 0 AND 63),
      type text NOT NULL,
      body bytea NOT NULL CONSTRAINT log_outbox_body CHECK (octet_length(body) <= 262144),
      entity bigint NOT NULL,
      profile_table bigint NOT NULL,
      profile bigint NOT NULL CHECK (profile BETWEEN 0 AND 4294967295)
    ) WITH (
      -- A queue: rows live for a moment, and dead ones slow the next look into it.
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

    -- What happened, numbered without gaps within each partition. Positions and times rise together.
    CREATE TABLE log_events (
      partition smallint NOT NULL,
      position bigint NOT NULL,
      time timestamptz NOT NULL,
      type text NOT NULL,
      body bytea NOT NULL,
      entity bigint NOT NULL,
      profile_table bigint NOT NULL,
      profile bigint NOT NULL,
      PRIMARY KEY (partition, position)
    ) WITH (autovacuum_vacuum_scale_factor = 0.05);

    -- How far each partition goes: numbered up to "last", kept no longer up to "dropped".
    CREATE TABLE log_partitions (
      partition smallint PRIMARY KEY,
      last bigint NOT NULL DEFAULT 0,
      dropped bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 20);
    INSERT INTO log_partitions (partition) SELECT generate_series(0, 63);

    -- The one row of what is true of the whole log. A restore raises the epoch.
    CREATE TABLE log_state (
      one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
      epoch bigint NOT NULL
    );
    INSERT INTO log_state (epoch) VALUES (1);

    -- The partition of a profile, as the services compute it. The product of two 32-bit numbers does not fit a bigint, so
    -- it is made of halves; only its lowest 32 bits count.
    CREATE FUNCTION log_partition(profile bigint) RETURNS smallint
      LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN ((((profile & 65535) * 2654435769
        + ((((profile >> 16) * 2654435769) & 65535) << 16)) & 4294967295) >> 26)::smallint;

    ALTER TABLE log_outbox ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_rows ON log_outbox FOR INSERT TO {entities}
      WITH CHECK (\(EntityPolicy.isOwn));
    CREATE POLICY all_rows ON log_outbox TO {worker} USING (true);
    GRANT INSERT ON log_outbox TO {entities};
    GRANT SELECT, INSERT, DELETE ON log_outbox TO {worker};
    GRANT USAGE ON SEQUENCE log_outbox_id TO {entities}, {worker};
    GRANT EXECUTE ON FUNCTION log_partition(bigint) TO {entities}, {worker};
    GRANT SELECT, INSERT, DELETE ON log_events TO {worker};
    GRANT SELECT, UPDATE ON log_partitions TO {worker};
    GRANT SELECT, UPDATE ON log_state TO {worker};
    """

  /// The tables of a service that follows others' logs; the service puts them into its migrations, after ``Lease/schema``.
  package static let followerSchema = """
    -- How far this service has come in others' logs. It is written in the transaction of the effect.
    CREATE TABLE followed_logs (
      follower text PRIMARY KEY,
      epoch bigint NOT NULL
    );
    CREATE TABLE followed_partitions (
      follower text NOT NULL REFERENCES followed_logs ON DELETE CASCADE,
      partition smallint NOT NULL,
      position bigint NOT NULL,
      PRIMARY KEY (follower, partition)
    ) WITH (fillfactor = 50);
    GRANT SELECT, INSERT, UPDATE, DELETE ON followed_logs, followed_partitions TO {worker};
    """
}
