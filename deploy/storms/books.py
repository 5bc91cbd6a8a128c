"""What stands in the database and behind the API when the storm is over, read as it is."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rapport.automation.v1 import scenario_service_pb2
from rapport.forms.v1 import form_service_pb2
from rapport.messaging.v1 import messaging_service_pb2
from rapport.profiles.v1 import profile_service_pb2
from rapport.tables.v1 import table_service_pb2

from .caller import Caller
from .database import Database
from .world import ENTITY, FORM, NEWS, World

# The state of a message as callers see it. What is in hand has a row of its own until it is settled.
_STATE = """
    CASE
      WHEN message.state <> 1 OR hand.message IS NULL THEN message.state
      WHEN hand.is_handing THEN 3
      ELSE 2
    END"""
SENT, NOT_SENT, UNKNOWN = 4, 5, 6


class Books:
    """Reads by SQL what users' tables hold, and by the API what its callers see."""

    def __init__(self, database: Database, world: World, caller: Caller) -> None:
        self._database = database
        self._world = world
        self._caller = caller
        self.customers_table, self._customer_columns = self._table("profiles.profile_tables", "customers")
        self.orders_table, self._order_columns = self._table("datatables.custom_tables", "orders")

    def _table(self, directory: str, name: str) -> tuple[str, dict[str, str]]:
        """The physical table, and its columns by their fields' names."""
        rows = self._database.ask(f"""
            SELECT number, unnest(every_id), generate_subscripts(every_id, 1)
            FROM {directory} WHERE id = '{name}'""")
        schema = directory.partition(".")[0]
        return f"{schema}.t{rows[0][0]}", {field: f"c{place}" for _, field, place in rows}

    def column(self, field: str) -> str:
        """The physical column of a customer's field."""
        return self._customer_columns[field]

    # By SQL.

    def states(self) -> str:
        """The question for the states of messages, with places for `campaign` and `address`."""
        return f"""
            SELECT {_STATE}
            FROM {self.customers_table} AS customer
            JOIN messaging.messages AS message ON message.profile = customer.id
            JOIN messaging.campaigns AS campaign ON campaign.number = message.campaign
            LEFT JOIN messaging.in_hand AS hand ON hand.message = message.id
            WHERE customer.{self.column("emailAddress")} = '{{address}}' AND campaign.id = '{{campaign}}'"""

    def customers(self) -> list[tuple[str, ...]]:
        """All of them, as `people.stored` has them."""
        names = ("customerCode", "emailAddress", "firstName", "lastName", "birthDate", "tier")
        columns = ", ".join(f"coalesce({self.column(name)}::text, '')" for name in names)
        return [tuple(row) for row in self._database.ask(f"SELECT {columns} FROM {self.customers_table}")]

    def orders(self) -> list[tuple[str, tuple[str, str, str]]]:
        """All of them: code, then customer's code, quantity and amount."""
        column = self._order_columns
        rows = self._database.ask(f"""
            SELECT o.{column["orderCode"]}, c.{self.column("customerCode")}, o.{column["quantity"]},
              o.{column["amount"]}
            FROM {self.orders_table} AS o
            LEFT JOIN {self.customers_table} AS c ON c.id = o.profile""")
        return [(code, (customer, quantity, amount)) for code, customer, quantity, amount in rows]

    def marks(self) -> dict[str, tuple[str, bool]]:
        """What forms and scenarios wrote into customers: the reason for leaving, and the segment, by code."""
        rows = self._database.ask(f"""
            SELECT {self.column("customerCode")}, coalesce({self.column("leavingReason")}, ''),
              coalesce({self.column("vip")}, false)
            FROM {self.customers_table}""")
        return {code: (reason, vip == "t") for code, reason, vip in rows}

    def messages(self) -> dict[tuple[str, str], Counter[int]]:
        """How many messages are in each state, by campaign and customer's code."""
        rows = self._database.ask(f"""
            SELECT campaign.id, coalesce(customer.{self.column("customerCode")}, ''), message.state, count(*)
            FROM messaging.messages AS message
            JOIN messaging.campaigns AS campaign ON campaign.number = message.campaign
            LEFT JOIN {self.customers_table} AS customer ON customer.id = message.profile
            GROUP BY 1, 2, 3""")
        found: dict[tuple[str, str], Counter[int]] = {}
        for campaign, code, state, count in rows:
            found.setdefault((campaign, code), Counter())[int(state)] += int(count)
        return found

    def log_faults(self) -> list[str]:
        """Partitions of logs whose numbers have a gap or go on behind the end."""
        faults = []
        for schema in ("profiles", "datatables", "forms"):
            rows = self._database.ask(f"""
                SELECT p.partition, p.last, p.dropped, count(e.position), coalesce(max(e.position), p.dropped)
                FROM {schema}.log_partitions AS p LEFT JOIN {schema}.log_events AS e USING (partition)
                GROUP BY p.partition, p.last, p.dropped
                HAVING count(e.position) <> p.last - p.dropped OR coalesce(max(e.position), p.dropped) <> p.last""")
            faults += [f"{schema}: partition, last, dropped, events, highest: {', '.join(row)}" for row in rows]
        return faults

    def participation_customers(self) -> dict[str, str]:
        """The customer's code of each participation, by its number."""
        rows = self._database.ask(f"""
            SELECT p.number, coalesce(c.{self.column("customerCode")}, '')
            FROM forms.participations AS p LEFT JOIN {self.customers_table} AS c ON c.id = p.profile""")
        return {number: code for number, code in rows}

    def events_of_participations(self) -> int:
        """How many participations were told of in the log."""
        return self._database.number("""
            SELECT count(*) FROM forms.log_events WHERE type LIKE '%ParticipationRecorded'""")

    def codes(self) -> dict[str, str]:
        """The customer's code by the last part of the profile's name."""
        rows = self._database.ask(f"SELECT id, {self.column('customerCode')} FROM {self.customers_table}")
        return {number: code for number, code in rows}

    # By the API.

    def report(self) -> Any:
        """The mass campaign's."""
        request = messaging_service_pb2.GetCampaignReportRequest(name=NEWS)
        return self._caller.read("the report", self._world.messaging.GetCampaignReport, request)

    def executions(self, scenario: str) -> list[Any]:
        """All executions of a scenario, with their steps."""
        request = scenario_service_pb2.ListExecutionsRequest(parent=f"{ENTITY}/scenarios/{scenario}", page_size=500)
        return list(self._pages(self._world.scenarios.ListExecutions, request, "executions"))

    def participations(self) -> list[Any]:
        """All of the form's."""
        request = form_service_pb2.ListParticipationsRequest(parent=FORM, page_size=500)
        return list(self._pages(self._world.forms.ListParticipations, request, "participations"))

    def profile_import(self, name: str) -> tuple[Any, list[int]]:
        """An import's progress, and the lines that it refused."""
        profiles = self._world.profiles
        found = self._caller.read(
            name, profiles.GetProfileImport, profile_service_pb2.GetProfileImportRequest(name=name)
        )
        request = profile_service_pb2.ListRefusedLinesRequest(parent=name)
        return found.progress, [line.line for line in self._pages(profiles.ListRefusedLines, request, "lines")]

    def row_import(self, name: str) -> tuple[Any, list[int]]:
        """As `profile_import`, of orders."""
        tables = self._world.tables
        found = self._caller.read(name, tables.GetRowImport, table_service_pb2.GetRowImportRequest(name=name))
        request = table_service_pb2.ListRefusedLinesRequest(parent=name)
        return found.progress, [line.line for line in self._pages(tables.ListRefusedLines, request, "lines")]

    def _pages(self, method: Any, request: Any, field: str) -> Iterator[Any]:
        while True:
            answer = self._caller.read(f"a list of {field}", method, request)
            yield from getattr(answer, field)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token
