import Database

/// A service's schema for tests: one shared table under row-level security, and a table that anyone may count in.
enum Sample {
  static let service = "sample"

  static let migrations = [
    Migration(
      number: 1, name: "jobs",
      sql: """
        -- A shared table: each entity sees its own rows, the worker all. Locks nothing that exists.
        create table jobs (
          id bigint primary key,
          entity bigint not null,
          state text not null default 'new',
          constraint jobs_state check (state <> 'bad')
        );
        alter table jobs enable row level security;
        create policy jobs_of_entity on jobs to {entities}
          using (entity = (select current_entity())) with check (entity = (select current_entity()));
        create policy jobs_of_worker on jobs to {worker} using (true) with check (true);
        grant select, insert, update, delete on jobs to {entities}, {worker};
        """),
    Migration(
      number: 2, name: "counters",
      sql: """
        -- For tests of locks and transactions. Locks nothing that exists.
        create table counters (
          id bigint primary key,
          value bigint not null,
          constraint counters_value unique (value) deferrable initially deferred
        );
        grant select, insert, update, delete on counters to {worker};
        """),
  ]

  static let insertJob = Statement(
    name: "jobs.insert", sql: "insert into jobs (id, entity, state) values ($1, $2, $3) returning id")
  static let jobs = Statement(name: "jobs.all", sql: "select id, entity, state from jobs order by id")
  static let insertCounter = Statement(
    name: "counters.insert", sql: "insert into counters (id, value) values ($1, $2)")
  static let counter = Statement(name: "counters.get", sql: "select value from counters where id = $1")
  static let addToCounter = Statement(
    name: "counters.add", sql: "update counters set value = value + $2 where id = $1 returning value")
  static let whoAmI = Statement(name: "whoAmI", sql: "select current_user::text, session_user::text")
  static let echo = Statement(name: "echo", sql: "select $1::bigint")
  static let fail = Statement(name: "fail", sql: "select 1 / ($1::bigint - $1::bigint)")
  static let sleep = Statement(name: "sleep", sql: "select pg_sleep($1)")
}
