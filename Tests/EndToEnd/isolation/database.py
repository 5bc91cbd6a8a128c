"""The suite's PostgreSQL, as its administrator sees it and as a service's login does."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Sequence

from supervisor.postgresql import ADMINISTRATOR, PORT
from supervisor.suite import Suite

# A statement for each table that holds rows of one entity: shared ones have a column for it, users' own are granted to
# its role.
_CONTENT = r"""
SELECT format(
  'SELECT %L, count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '''')) FROM %s t%s',
  c.oid::regclass, c.oid::regclass, CASE WHEN is_shared THEN ' WHERE entity = {entity}' ELSE '' END)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace,
  LATERAL (SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'entity') AS is_shared) s
WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
  AND (is_shared OR relacl::text LIKE '%\_e{entity}=%')
\gexec
"""

_SERVICES = r"SELECT substring(rolname FROM '^rapport_(.*)_e{entity}$') FROM pg_roles WHERE rolname LIKE '%\_e{entity}'"

_TRY = """
BEGIN;
{take}
DO $try$
DECLARE
  statement text;
  met bigint;
BEGIN
  FOR statement IN SELECT * FROM jsonb_array_elements_text($json${statements}$json$) LOOP
    BEGIN
      EXECUTE statement;
      GET DIAGNOSTICS met = ROW_COUNT;
      RAISE NOTICE '%', met;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE '%', SQLERRM;
    END;
  END LOOP;
END $try$;
ROLLBACK;
"""


class Database:
    """Runs statements by psql."""

    def __init__(self, suite: Suite) -> None:
        assert suite.postgresql
        self._suite = suite
        self._folder = suite.postgresql.socket_folder
        self._password = suite.postgresql.password_file.read_text().strip()

    def ask(self, sql: str) -> list[list[str]]:
        """The rows that the administrator gets."""
        done = self._psql(ADMINISTRATOR, self._password, sql)
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]

    def try_as(self, service: str, role: str | None, statements: list[str]) -> list[str]:
        """What the login of a service's calls gets in a role: how many rows each statement meets, or its error.

        All of it is taken back.
        """
        password = (self._suite.data / "keys" / f"{service}.password").read_text().strip()
        take = f'SET LOCAL ROLE "{role}";' if role else ""
        script = _TRY.replace("{take}", take).replace("{statements}", json.dumps(statements))
        done = self._psql(f"rapport_{service}", password, script)
        assert done.returncode == 0, done.stderr
        return [line.removeprefix("NOTICE:  ") for line in done.stderr.splitlines() if line.startswith("NOTICE:  ")]

    @contextlib.contextmanager
    def opened(self, one: int, other: int) -> Iterator[None]:
        """Takes the database's lock away: everywhere, the role of entity `one` may do what that of `other` may."""
        services = [row[0] for row in self.ask(_SERVICES.replace("{entity}", str(one)))]
        assert len(services) == 5, services
        roles = [(f'"rapport_{service}_e{one}"', f'"rapport_{service}_e{other}"') for service in services]
        self.ask("".join(f"ALTER ROLE {own} BYPASSRLS; GRANT {foreign} TO {own};" for own, foreign in roles))
        try:
            yield
        finally:
            self.ask("".join(f"ALTER ROLE {own} NOBYPASSRLS; REVOKE {foreign} FROM {own};" for own, foreign in roles))

    def number(self, entity: str) -> int:
        """The number of `entities/b2c`."""
        return int(self.ask(f"SELECT number FROM gateway.entities WHERE 'entities/' || id = '{entity}'")[0][0])

    def content(self, number: int) -> dict[str, tuple[str, str]]:
        """For each table, how many rows it holds of an entity, and a digest of them."""
        rows = self.ask(_CONTENT.replace("{entity}", str(number)))
        return {table: (count, digest) for table, count, digest in rows}

    def settled(self, numbers: Sequence[int]) -> list[dict[str, tuple[str, str]]]:
        """The content of entities once the work that has begun is done: when nothing has moved for a second."""
        deadline = time.monotonic() + 120
        before: list[dict[str, tuple[str, str]]] = []
        while (now := [self.content(number) for number in numbers]) != before:
            assert time.monotonic() < deadline, "the entities do not come to rest"
            before = now
            time.sleep(1)
        return now

    def _psql(self, user: str, password: str, script: str) -> subprocess.CompletedProcess[str]:
        words = ["psql", "-wqAtX", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder), "-p", str(PORT), "-U", user]
        return subprocess.run(
            [*words, "rapport"],
            input=script,
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
