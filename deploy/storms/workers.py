"""The work that goes on through a storm: each worker does one kind of thing, over and over, until it may stop."""

import threading
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from rapport.automation.v1 import scenario_service_pb2
from rapport.forms.v1 import form_service_pb2
from rapport.profiles.v1 import profile_service_pb2
from rapport.tables.v1 import table_service_pb2

from . import people
from .caller import Caller
from .chance import Chance
from .events import Events
from .files import base_file, customers_file, orders_file
from .filling import Browser
from .importing import Importer, customers_table, import_customers, import_orders, orders_table
from .told import Participation, Told
from .world import CUSTOMERS, ENTITY, FORM, ORDERS, World


class Worker(threading.Thread):
    """Does the items 0, 1, 2 … of its kind; each is finished, whatever happens meanwhile."""

    def __init__(self, name: str, item: Callable[[int], None], pause: float, most: int, events: Events) -> None:
        super().__init__(name=name, daemon=True)
        self._item = item
        self._pause = pause
        self._most = most
        self._events = events
        self._may_stop = threading.Event()

    def run(self) -> None:
        """Works until it may stop, or has done all there is."""
        for number in range(self._most):
            if number and self._may_stop.is_set():
                return
            try:
                self._item(number)
            except Exception as error:  # Whatever it is, it is told of: a worker that ends early hides what it missed.
                self._events.surprise(f"the worker {self.name} ended: {type(error).__name__}: {error}")
                return
            self._may_stop.wait(self._pause)

    def let_stop(self) -> None:
        """It ends with the item that it is at."""
        self._may_stop.set()


class Work:
    """All that goes on: imports, calls, forms and scenarios, among `customers` who were there before."""

    def __init__(self, world: World, pages: str, chance: Chance, events: Events, customers: int) -> None:
        self.told = Told()
        self._world = world
        self._chance = chance
        self._events = events
        self._customers = customers
        self._caller = Caller(chance, events, world.token)
        self._browser = Browser(pages, chance, events)
        self._profile_importer = Importer(customers_table(world), self._caller, events)
        self._row_importer = Importer(orders_table(world), self._caller, events)

    @property
    def caller(self) -> Caller:
        """Whoever makes the calls."""
        return self._caller

    def prepare(self) -> None:
        """Imports the customers that everything else is about."""
        import_customers(self._profile_importer, self.told, base_file(self._customers), "customers-0")

    def workers(self) -> list[Worker]:
        """One for each kind of work."""
        return [
            Worker("customers", self._import_customers, 0.1, 500, self._events),
            Worker("orders", self._import_orders, 0.1, 500, self._events),
            Worker("profiles", self._make_profile, 0.1, 100_000, self._events),
            Worker("rows", self._put_order, 0.1, 100_000, self._events),
            Worker("leavers", self._come_and_leave, 0.3, 100_000, self._events),
            Worker("welcomes", self._welcome, 0.15, 100_000, self._events),
            # A customer answers once: the field that an answer writes shows whose it was.
            Worker("participations", self._push_participation, 0.15, self._customers // 2, self._events),
            Worker("pages", self._fill_in_page, 0.15, self._customers // 2, self._events),
        ]

    # Imports.

    def _import_customers(self, number: int) -> None:
        file = customers_file(self._chance, number + 1)
        import_customers(self._profile_importer, self.told, file, f"customers-{number + 1}")

    def _import_orders(self, number: int) -> None:
        file = orders_file(self._chance, number, self._customers)
        import_orders(self._row_importer, self.told, file, f"orders-{number}")

    # One by one.

    def _make_profile(self, number: int) -> None:
        row = people.customer(people.MADE + number)
        self._create_profile(f"profile-{number}", row)
        self.told.add_customer(people.stored(row))
        self._events.note("profile")

    def _put_order(self, number: int) -> None:
        row = people.order(self._chance, f"s{number}", self._customers)
        self._create_row(f"row-{number}", row)
        self.told.add_order(row)
        self.told.single_orders.add(row["orderCode"])
        self._events.note("row")

    def _come_and_leave(self, number: int) -> None:
        """Somebody who orders and is deleted: nothing of them may be there afterwards, so nothing is noted."""
        row = people.customer(people.LEAVING + number)
        name = self._create_profile(f"leaver-{number}", row)
        # Of so little that it begins no scenario.
        order = people.order(self._chance, f"l{number}", 1) | {"customer": row["customerCode"], "amount": "9.5"}
        self._create_row(f"leaver-row-{number}", order)
        request = profile_service_pb2.DeleteProfileRequest(name=name)
        self._caller.remove(f"the deletion of {name}", self._world.profiles.DeleteProfile, request)
        self._events.note("deletion")

    def _create_profile(self, request_id: str, row: dict[str, str]) -> str:
        request = profile_service_pb2.CreateProfileRequest(parent=CUSTOMERS, request_id=request_id)
        json_format.ParseDict({"fields": people.profile_fields(row)}, request.profile)
        return str(self._caller.once(request_id, self._world.profiles.CreateProfile, request).name)

    def _create_row(self, request_id: str, row: dict[str, str]) -> None:
        request = table_service_pb2.CreateRowRequest(parent=ORDERS, request_id=request_id)
        json_format.ParseDict({"values": people.row_values(row)}, request.row)
        self._caller.once(request_id, self._world.tables.CreateRow, request)

    def _welcome(self, number: int) -> None:
        row = people.customer(people.WELCOMED + number)
        code = row["customerCode"]
        fields = people.profile_fields(row)
        del fields["customerCode"]
        request: Any = scenario_service_pb2.StartExecutionRequest(
            parent=f"{ENTITY}/scenarios/welcome",
            profile=f"{CUSTOMERS}/profiles/customerCode={code}",
            request_id=f"welcome-{number}",
        )
        json_format.ParseDict({"fields": fields}, request)
        begun = self._caller.once(request.request_id, self._world.scenarios.StartExecution, request)
        self.told.add_customer(people.stored(row))
        self.told.welcomed[code] = begun.name
        self._events.note("execution")

    # The form.

    def _push_participation(self, number: int) -> None:
        answer = self._answer("api", number, people.BASE + 2 * number, ("price", "choice", "other"))
        request = form_service_pb2.CreateParticipationRequest(parent=FORM, request_id=f"participation-{number}")
        answers = {
            "reason": {"stringValue": answer.reason},
            "rating": {"int64Value": str(answer.rating)},
            "origin": {"stringValue": answer.origin},
        }
        if answer.reason == "other":
            answers["detail"] = {"stringValue": "I moved."}
        profile = f"{CUSTOMERS}/profiles/customerCode={answer.customer}"
        json_format.ParseDict({"profile": profile, "answers": answers}, request.participation)
        self._caller.once(request.request_id, self._world.forms.CreateParticipation, request)
        self._taken(answer)

    def _fill_in_page(self, number: int) -> None:
        # Not the one that brings another question, and so the page again.
        answer = self._answer("page", number, people.BASE + 2 * number + 1, ("price", "choice"))
        request = form_service_pb2.CreatePersonalLinkRequest(
            parent=FORM,
            profile=f"{CUSTOMERS}/profiles/customerCode={answer.customer}",
            hidden={"origin": answer.origin},
        )
        link = self._caller.read(f"the link {number}", self._world.forms.CreatePersonalLink, request)
        fields = {"reason": answer.reason, "rating": str(answer.rating)}
        self._browser.fill_in(f"page {number}", link.url, fields)
        self._taken(answer)

    def _answer(self, way: str, number: int, customer: int, reasons: tuple[str, ...]) -> Participation:
        draw = self._chance.of(way, number)
        return Participation(f"{way}-{number}", people.code(customer), draw.choice(reasons), draw.randint(1, 5))

    def _taken(self, answer: Participation) -> None:
        with self.told.lock:
            self.told.participations.append(answer)
        self._events.note("participation")
