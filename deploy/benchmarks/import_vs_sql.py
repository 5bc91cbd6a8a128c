"""The story's orders by a streamed import, through the gateway, with checks and events.

The peer is what one would do by hand in the same database: COPY into a staging table, then INSERT … ON CONFLICT DO
NOTHING, the customers found by their code, into a table of the same columns, indexes and foreign key.
"""

import itertools
import pathlib
import time

from story import data
from story.names import DEFINITIONS
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .physical import Physical
from .running import rapport, sql, story_suite


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Imports the same file into a fresh table in each round."""
    file = folder / "orders.csv"
    # Without the story's broken line, which would make COPY fail.
    data.write_file(file, data.ORDER_COLUMNS, data.order_rows(data.SOURCE))
    count = sum(1 for _ in data.purchases(data.SOURCE))
    with story_suite(binaries, until="customers-import") as suite:
        comparison = _Comparison(suite, file, count)
        return alternate("import-vs-sql", "rows/s", comparison.ours, comparison.peer)


class _Comparison:
    def __init__(self, suite: Suite, file: pathlib.Path, count: int) -> None:
        self._suite = suite
        self._rapport = rapport(suite)
        self._file = file
        self._count = count
        self._numbers = itertools.count(1)
        self._customers = Physical.of_profiles(suite, "customers")
        # The tables filled last, by either side.
        self._filled: dict[str, Physical] = {}

    def ours(self) -> float:
        name = self._make_table()
        table = f"entities/b2c/customTables/{name}"
        words = ["--key", "orderCode", "--mode", "create", "--source", "bench"]
        began = time.perf_counter()
        self._rapport("rows", "import", table, str(self._file), *words)
        seconds = time.perf_counter() - began
        return self._rate("ours", name, seconds)

    def peer(self) -> float:
        name = self._make_table()
        script = self._script(Physical.of_rows(self._suite, name))
        began = time.perf_counter()
        sql(self._suite, script)
        seconds = time.perf_counter() - began
        return self._rate("peer", name, seconds)

    def _script(self, orders: Physical) -> str:
        into = ", ".join(orders.columns[field] for field in ("orderCode", "time", "quantity", "amount", "store"))
        return f"""
            CREATE TEMPORARY TABLE staging (
              code text, customer text, at timestamp with time zone, quantity bigint, amount numeric, store text
            );
            \\copy staging FROM '{self._file}' WITH (FORMAT csv, HEADER)
            INSERT INTO {orders.table} (profile, {into})
            SELECT customer.id, code, at, quantity, amount, store
            FROM staging
            JOIN {self._customers.table} AS customer
              ON customer.{self._customers.columns["customerCode"]} = staging.customer
            ON CONFLICT DO NOTHING;
            """

    def _make_table(self) -> str:
        name = f"orders{next(self._numbers)}"
        definition = str(DEFINITIONS / "orders.json")
        self._rapport("rows", "tables", "create", "entities/b2c", name, "--file", definition)
        return name

    def _rate(self, side: str, name: str, seconds: float) -> float:
        """Lines a second, once it is sure that they are stored, and as by the other side."""
        filled = self._filled[side] = Physical.of_rows(self._suite, name)
        stored = sql(self._suite, f"SELECT count(*) FROM {filled.table}")
        if stored != str(self._count):
            raise CannotMeasure(f"{side} stored {stored} rows, not {self._count}")
        self._compare()
        return self._count / seconds

    def _compare(self) -> None:
        for one, other in itertools.permutations(self._filled.values(), 2):
            fields = ", ".join(["profile", *one.columns.values()])
            missing = f"SELECT {fields} FROM {one.table} EXCEPT SELECT {fields} FROM {other.table}"
            if sql(self._suite, f"SELECT count(*) FROM ({missing}) AS missing") != "0":
                raise CannotMeasure("the import and the SQL stored different rows")
