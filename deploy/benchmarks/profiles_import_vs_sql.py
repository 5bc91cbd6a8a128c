"""The story's customers by a streamed import, through the gateway, with checks, history and events.

The peer is what one would do by hand in the same database: COPY into a staging table, then INSERT … ON CONFLICT DO
NOTHING into a table of the same shape and indexes.
"""

import csv
import itertools
import json
import pathlib
import time

from story import data
from story.client import CallFailed
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .running import administrator, running_suite, sql

_DEFINITION = pathlib.Path(__file__).parent.parent / "story/definitions/customers.json"
_COUNT = 23_570


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Imports the same file into a fresh table in each round."""
    file = folder / "customers.csv"
    with open(file, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, data.OWN_CUSTOMER_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(data.customer_rows(data.SOURCE))
    with running_suite(binaries) as suite:
        try:
            return _Comparison(suite, folder, file).run()
        except CallFailed as failure:
            raise CannotMeasure(str(failure)) from failure


class _Comparison:
    def __init__(self, suite: Suite, folder: pathlib.Path, file: pathlib.Path) -> None:
        self._suite = suite
        self._rapport = administrator(suite)
        self._file = file
        self._numbers = itertools.count(1)
        definition = json.loads(_DEFINITION.read_text(encoding="utf-8"))
        del definition["references"]
        self._definition = folder / "definition.json"
        self._definition.write_text(json.dumps(definition), encoding="utf-8")

    def run(self) -> Row:
        self._rapport("entities", "create", "bench", "--display-name", "Benchmark", "--time-zone", "Europe/Brussels")
        row = alternate("profiles-import-vs-sql", "rows/s", self._ours, self._peer)
        self._check()
        return row

    def _ours(self) -> float:
        name = self._make_table("ours")
        began = time.monotonic()
        done = self._rapport("profiles", "import", name, str(self._file), "--key", "customerCode", "--source", "bench")
        seconds = time.monotonic() - began
        if int(done["progress"]["created"]) != _COUNT:
            raise CannotMeasure(f"the import created {done['progress']['created']} profiles, not {_COUNT}")
        return _COUNT / seconds

    def _peer(self) -> float:
        self._make_table("peer")
        table, columns = self._physical("peer")
        script = f"""
            CREATE TEMPORARY TABLE staging (
              code text, mail text, first_name text, last_name text, language text, born date, consent boolean,
              newsletter boolean, tier text
            );
            \\copy staging FROM '{self._file}' WITH (FORMAT csv, HEADER)
            INSERT INTO {table} (id, {", ".join(columns[:9])})
            SELECT nextval('{table}_ids'), code, mail, first_name, last_name, language, born, consent, newsletter,
              coalesce(tier, 'bronze')
            FROM staging
            ON CONFLICT DO NOTHING;
            """
        began = time.monotonic()
        sql(self._suite, script)
        seconds = time.monotonic() - began
        if sql(self._suite, f"SELECT count(*) FROM {table}") != str(_COUNT):
            raise CannotMeasure("the peer stored another number of rows")
        return _COUNT / seconds

    def _make_table(self, side: str) -> str:
        name = f"{side}{next(self._numbers)}"
        made = self._rapport("profiles", "tables", "create", "entities/bench", name, "--file", str(self._definition))
        return str(made["name"])

    def _physical(self, side: str) -> tuple[str, list[str]]:
        """The newest table of this side, and its fields' columns in the order of the definition."""
        number = sql(self._suite, f"SELECT max(number) FROM profiles.profile_tables WHERE id LIKE '{side}%'")
        columns = sql(
            self._suite,
            f"""
            SELECT column_name FROM information_schema.columns
            WHERE table_schema = 'profiles' AND table_name = 't{number}' AND column_name ~ '^c[0-9]+$'
            ORDER BY ordinal_position""",
        )
        return f"profiles.t{number}", columns.split()

    def _check(self) -> None:
        """Both ways must have stored the same."""
        ours, columns = self._physical("ours")
        peer, _ = self._physical("peer")
        fields = ", ".join(columns[:9])
        if (
            sql(
                self._suite,
                f"SELECT count(*) FROM (SELECT {fields} FROM {ours} EXCEPT SELECT {fields} FROM {peer}) AS x",
            )
            != "0"
        ):
            raise CannotMeasure("the import and the SQL stored different rows")
