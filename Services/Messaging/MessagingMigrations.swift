internal import Database
internal import ServiceKit

/// The history of the schema `messaging`.
enum MessagingMigrations {
  static let all = [tables, paces, obstacles, fewerIndexes, inHand]

  /// Senders, campaigns, messages and what recipients did. Creates tables; locks nothing that exists.
  static let tables = Migration(
    number: 1, name: "campaigns and messages",
    sql: """
      -- Senders, campaigns, their messages, and what recipients did. Creates tables; no lock.
      \(Lease.schema)
      \(Log.followerSchema)
      \(RequestLedger.schema)

      CREATE TABLE senders (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        display_name text NOT NULL,
        email_address text NOT NULL,
        reply_to text NOT NULL,
        created_at timestamp with time zone NOT NULL,
        updated_at timestamp with time zone NOT NULL
      );
      CREATE UNIQUE INDEX senders_id ON senders (entity, lower(id));
      \(EntityPolicy.sql(forTable: "senders", granting: "SELECT, INSERT, UPDATE, DELETE"))

      CREATE TABLE campaigns (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        id text NOT NULL,
        -- The entity's name and zone, for work that no caller stands behind.
        entity_key text NOT NULL,
        time_zone text NOT NULL,
        definition bytea NOT NULL,
        kind smallint NOT NULL,
        state smallint NOT NULL,
        sender bigint NOT NULL CONSTRAINT campaigns_sender REFERENCES senders (number),
        -- By its number in Profiles.
        profile_table bigint NOT NULL,
        messages_per_second integer NOT NULL,
        -- The first moment that no message has yet, of a campaign with a rate.
        next_slot timestamp with time zone,
        version bigint NOT NULL DEFAULT 1,
        created_at timestamp with time zone NOT NULL,
        updated_at timestamp with time zone NOT NULL,
        launched_at timestamp with time zone,
        -- Of a mass campaign: how many profiles it goes to, and whether some have no message yet.
        audience bigint NOT NULL DEFAULT 0,
        is_gathering boolean NOT NULL DEFAULT false
      );
      CREATE UNIQUE INDEX campaigns_id ON campaigns (entity, lower(id));
      CREATE INDEX campaigns_sender ON campaigns (sender);
      -- ACTIVE: what the senders of mail look for.
      CREATE INDEX campaigns_active ON campaigns (number) WHERE state = 2;
      \(EntityPolicy.sql(forTable: "campaigns", granting: "SELECT, INSERT, UPDATE, DELETE"))

      -- Whom mass campaigns go to, until each profile has its message.
      CREATE TABLE audiences (
        campaign bigint PRIMARY KEY REFERENCES campaigns ON DELETE CASCADE,
        entity bigint NOT NULL,
        -- A Roaring bitmap in the portable format, and its CRC-32C.
        population bytea NOT NULL,
        checksum bigint NOT NULL,
        -- Profiles up to this one have their message.
        last_profile bigint NOT NULL DEFAULT 0
      );
      \(EntityPolicy.sql(forTable: "audiences", granting: "SELECT, INSERT, DELETE"))

      -- One message to one profile. The states are those of the API: 1 waiting, 2 claimed, 3 handing, 4 sent, 5 not sent,
      -- 6 unknown.
      CREATE TABLE messages (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entity bigint NOT NULL,
        campaign bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
        profile_table bigint NOT NULL,
        -- 0: the profile is gone, and nothing here tells who it was.
        profile bigint NOT NULL,
        state smallint NOT NULL DEFAULT 1,
        reason smallint NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamp with time zone NOT NULL,
        -- Who has it in hand, or had it last.
        worker bigint,
        language text NOT NULL DEFAULT '',
        server_answer text NOT NULL DEFAULT '',
        -- What a call gave to the templates.
        call_values bytea,
        created_at timestamp with time zone NOT NULL,
        settled_at timestamp with time zone,
        accepted_at timestamp with time zone
      );
      CREATE INDEX messages_due ON messages (campaign, due_at, id) WHERE state = 1;
      CREATE INDEX messages_open ON messages (campaign) WHERE state IN (1, 2, 3);
      CREATE INDEX messages_in_hand ON messages (worker) WHERE state IN (2, 3);
      CREATE INDEX messages_report ON messages (campaign, state, reason);
      CREATE INDEX messages_listed ON messages (campaign, id);
      CREATE INDEX messages_listed_by_state ON messages (campaign, state, id);
      CREATE INDEX messages_of_profile ON messages (profile_table, profile, settled_at, id) WHERE profile <> 0;
      \(EntityPolicy.sql(forTable: "messages", granting: "SELECT, INSERT, UPDATE"))

      -- Who sends now. A number is never used again, so it fences: whoever lost its row finds its messages gone.
      CREATE TABLE workers (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        copy text NOT NULL,
        alive_until timestamp with time zone NOT NULL
      );
      GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO {worker};

      \(behaviour("opens", ""))
      \(behaviour("clicks", "url text NOT NULL DEFAULT '',"))
      \(behaviour("unsubscribes", """
        -- How often it was asked for, and how often the profile was changed for it.
        revision integer NOT NULL DEFAULT 1,
        applied integer NOT NULL DEFAULT 0,
        """))
      CREATE UNIQUE INDEX unsubscribes_message ON unsubscribes (message);
      CREATE INDEX unsubscribes_open ON unsubscribes (id) WHERE applied < revision AND profile <> 0;

      -- Addresses that get no mail for a time or for ever, each by a keyed hash.
      CREATE TABLE suppressions (
        entity bigint NOT NULL,
        address_hash bytea NOT NULL,
        quarantined_until timestamp with time zone,
        blacklisted_at timestamp with time zone,
        PRIMARY KEY (entity, address_hash)
      );
      \(EntityPolicy.sql(forTable: "suppressions", granting: "SELECT"))
      """)

  /// When campaigns' messages may leave. Creates a table; locks `campaigns` for an instant.
  static let paces = Migration(
    number: 2, name: "paces of campaigns",
    sql: """
      -- When campaigns' messages may leave, apart from campaigns so that whoever locks those does not hold up the sending.
      -- Creates a table; ACCESS EXCLUSIVE on campaigns for the column that this replaces, for an instant.
      -- What it says is over within a minute, so nothing is lost when PostgreSQL breaks down and empties it.
      CREATE UNLOGGED TABLE paces (
        campaign bigint PRIMARY KEY REFERENCES campaigns ON DELETE CASCADE,
        -- The first moment that no message has yet, of a campaign with a rate.
        next_slot timestamp with time zone,
        -- Until then nothing of it is claimed, because it cannot be sent at all.
        held_until timestamp with time zone
      );
      ALTER TABLE campaigns DROP COLUMN next_slot;
      GRANT SELECT, INSERT, UPDATE, DELETE ON paces TO {worker};
      """)

  /// What keeps campaigns from being sent. Adds a column; locks `paces` for an instant.
  static let obstacles = Migration(
    number: 3, name: "obstacles of campaigns",
    sql: """
      -- What keeps a campaign's messages from leaving at present, for people; empty: nothing. ACCESS EXCLUSIVE on paces for
      -- an instant.
      ALTER TABLE paces ADD COLUMN obstacle text NOT NULL DEFAULT '';
      """)

  /// Fewer indexes of `messages`, which each step of a message writes. Locks it against writes while one is made.
  static let fewerIndexes = Migration(
    number: 4, name: "fewer indexes of messages",
    sql: """
      -- One index in place of three. SHARE on messages while it is made, some seconds for each million of them; ACCESS
      -- EXCLUSIVE for those that go, for an instant.
      CREATE INDEX messages_by_state ON messages (campaign, state, id) INCLUDE (reason);
      DROP INDEX messages_listed_by_state, messages_report, messages_open;
      """)

  /// What is in hand, apart from `messages`. Creates a table; locks `messages` while its rows are looked through once.
  static let inHand = Migration(
    number: 5, name: "messages in hand",
    sql: """
      -- The messages that a worker has claimed or hands over, so that `messages`, with all its indexes, is written only when
      -- a message is made and when it is settled. Until then its state there is 1. ACCESS EXCLUSIVE on messages while their
      -- states are checked, some seconds for each ten millions.
      CREATE TABLE in_hand (
        -- No reference: it would be checked at each message. A row whose message is gone leaves with its worker.
        message bigint PRIMARY KEY,
        entity bigint NOT NULL,
        campaign bigint NOT NULL,
        worker bigint NOT NULL,
        -- The mail server may have it, in this language.
        is_handing boolean NOT NULL DEFAULT false,
        language text NOT NULL DEFAULT ''
      ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
      \(EntityPolicy.sql(forTable: "in_hand", granting: "SELECT"))
      INSERT INTO in_hand (message, entity, campaign, worker, is_handing, language)
      SELECT id, entity, campaign, worker, state = 3, language
      FROM messages
      WHERE state IN (2, 3);
      UPDATE messages SET state = 1 WHERE state IN (2, 3);
      DROP INDEX messages_in_hand;
      -- A copy that knows nothing of in_hand shall claim nothing.
      ALTER TABLE messages ADD CONSTRAINT messages_state CHECK (state IN (1, 4, 5, 6));
      """)

  /// A table of something that a recipient did with a message: of a ``Behaviour``.
  private static func behaviour(_ name: String, _ columns: String) -> String {
    """
    CREATE TABLE \(name) (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity bigint NOT NULL,
      campaign bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
      message bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
      profile_table bigint NOT NULL,
      -- 0: the profile is gone.
      profile bigint NOT NULL,
      -- A program did it: a scanner of links, a proxy that loads pictures ahead.
      by_machine boolean NOT NULL,
      \(columns)
      happened_at timestamp with time zone NOT NULL
    );
    CREATE INDEX \(name)_report ON \(name) (campaign, by_machine, message);
    CREATE INDEX \(name)_of_message ON \(name) (message);
    CREATE INDEX \(name)_of_profile ON \(name) (profile_table, profile, happened_at, id) WHERE profile <> 0;
    \(EntityPolicy.sql(forTable: name, granting: "SELECT"))
    """
  }
}
