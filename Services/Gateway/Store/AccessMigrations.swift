import Database

/// The history of the schema `gateway`.
enum AccessMigrations {
  static let all = [
    Migration(
      number: 1, name: "entities, keys and their audit",
      sql: """
        -- Who may call, and what for. All tables are new: nothing that exists is locked.

        -- One row. Every change of access takes its lock first, so that changes follow one another and each sees what the
        -- one before it left.
        create table access_state (
          is_only boolean primary key default true check (is_only),
          revision bigint not null
        );
        insert into access_state (revision) values (1);

        -- Never deleted, so that neither number nor id is ever used again.
        create table entities (
          number bigint generated always as identity primary key,
          id text not null,
          display_name text not null,
          time_zone text not null,
          create_time timestamptz not null,
          update_time timestamptz not null,
          constraint entities_id unique (id)
        );

        -- Never deleted: the audit names them.
        create table keys (
          number bigint generated always as identity primary key,
          secret_hash bytea not null check (octet_length(secret_hash) = 32),
          display_name text not null,
          expire_time timestamptz,
          revoke_time timestamptz,
          create_time timestamptz not null
        );

        -- entity null: every entity, later ones included. module and right are the numbers of rapport.options.v1.
        create table key_grants (
          key bigint not null references keys (number),
          place integer not null,
          entity bigint references entities (number),
          module integer not null,
          "right" integer not null,
          primary key (key, place)
        );
        create index key_grants_entity on key_grants (entity);

        -- What must not happen twice: the reply of a request, found again by its id. Kept with the caller, so that one
        -- caller's id never meets another's.
        create table requests (
          subject text not null,
          request_id text not null,
          method text not null,
          body_hash bytea not null,
          reply bytea not null,
          create_time timestamptz not null,
          primary key (subject, request_id)
        );

        -- Who did what, to what, when, from where. Definitions before and after, never a secret.
        create table audit_records (
          number bigint generated always as identity primary key,
          time timestamptz not null,
          subject text not null,
          method text not null,
          resource text not null,
          peer text not null,
          request text not null,
          before jsonb,
          after jsonb
        );
        create index audit_records_resource on audit_records (resource, number);

        grant select, update on access_state to {worker};
        grant select, insert, update on entities, keys to {worker};
        grant usage on sequence keys_number_seq to {worker};
        grant select, insert, delete on key_grants to {worker};
        grant select, insert on requests, audit_records to {worker};

        alter table access_state enable row level security;
        alter table entities enable row level security;
        alter table keys enable row level security;
        alter table key_grants enable row level security;
        alter table requests enable row level security;
        alter table audit_records enable row level security;
        create policy worker on access_state to {worker} using (true) with check (true);
        create policy worker on entities to {worker} using (true) with check (true);
        create policy worker on keys to {worker} using (true) with check (true);
        create policy worker on key_grants to {worker} using (true) with check (true);
        create policy worker on requests to {worker} using (true) with check (true);
        create policy worker on audit_records to {worker} using (true) with check (true);
        """)
  ]
}
