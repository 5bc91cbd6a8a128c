"""Each lock alone, with the others taken away: the service's own check, and PostgreSQL's roles and policies.

The gateway's check alone, in front of services that let everything through, is GatewayTests' IsolationTests.
"""

import re
from collections.abc import Iterator

import grpc
import pytest
from rapport.internal.v1 import identity_pb2
from rapport.options.v1 import options_pb2

from isolation import life, walk
from isolation.life import Step
from isolation.methods import Answer, call
from isolation.principal import signed

# Who serves the packages of the API behind the gateway.
SERVED_BY = {
    "profiles": "profiles",
    "targeting": "profiles",
    "tables": "datatables",
    "interactions": "datatables",
    "messaging": "messaging",
    "forms": "forms",
    "automation": "automation",
}
SERVICES = sorted(set(SERVED_BY.values()))
REQUESTS = {path: step for path, step in life.requests().items() if step.service != life.ACCESS}


# The service's own check.


class Past:
    """Calls services past the gateway, as who may do everything in one entity."""

    def __init__(self, suite, entity: str, number: int) -> None:
        addresses = suite.suite.addresses
        self._channels = {name: grpc.insecure_channel(addresses[f"{name}.rpc"]) for name in SERVICES}
        key = entity.removeprefix("entities/")
        rights = [right for right in options_pb2.Right.values() if right]
        self._principal = signed(
            suite.suite.data / "keys",
            [identity_pb2.Entity(id=number, key=key, time_zone="Europe/Brussels")],
            [identity_pb2.Grant(entity=number, module=options_pb2.MODULE_ALL, rights=rights)],
        )

    def send(self, step: Step, request) -> Answer:
        service = SERVED_BY[step.service.split(".")[1]]
        return call(self._channels[service], step.path, request, step.file, self._principal)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


@pytest.fixture
def past(suite, mine, numbers) -> Iterator[Past]:
    made = Past(suite, mine.entity, numbers[0])
    yield made
    made.close()


def test_a_service_alone_refuses_every_foreign_name(database, mine, theirs, numbers, at_rest, tables, past):
    with database.opened(*numbers):
        rows = database.try_as("profiles", role("profiles", numbers[0]), reading(tables["profiles"]))
        assert not any(is_shut(row) for row in rows if "log_" not in row), "the other lock is not open"
        faults = [fault for step in REQUESTS.values() for fault in walk.faults(mine, theirs, step, past.send)]
    assert faults == []
    assert [database.content(number) for number in numbers] == at_rest


def test_a_service_alone_answers_for_ones_own_names(mine, past):
    """So that it is the names that were refused, and not the way past the gateway."""
    for step in life.read():
        if step.path in REQUESTS:
            assert past.send(step, mine.request(step)).code == grpc.StatusCode.OK, step


# PostgreSQL.

# Where profiles, rows, messages, participations and executions are.
HELD = {
    "profiles": r"t\d+",
    "datatables": r"t\d+",
    "messaging": "messages",
    "forms": "participations",
    "automation": "executions",
}


@pytest.fixture(scope="module")
def tables(database, numbers) -> dict[str, list[str]]:
    """Of each service, those that hold rows of the other entity."""
    held = [table for table, (count, _) in database.content(numbers[1]).items() if count != "0"]
    return {service: [table for table in held if table.startswith(f"{service}.")] for service in SERVICES}


def role(service: str, entity: int) -> str:
    return f"rapport_{service}_e{entity}"


def is_users(table: str) -> bool:
    """Whether it is a user's own table, of one entity alone."""
    return bool(re.fullmatch(r"\w+\.[a-z]\d+\w*", table))


def reading(tables: list[str]) -> list[str]:
    return [f"SELECT FROM {table}" for table in tables]


def attempts(table: str, one: int, other: int) -> list[str]:
    """Ways for the role of entity `one` to reach the rows of `other`."""
    if is_users(table):
        return [f"SELECT FROM {table}", f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"]
    return [
        f"SELECT FROM {table} WHERE entity = {other}",
        f"DELETE FROM {table} WHERE entity = {other}",
        f"UPDATE {table} SET entity = {one} WHERE entity = {other}",
        f"UPDATE {table} SET entity = {other} WHERE entity = {one}",
        f"INSERT INTO {table} (entity) VALUES ({other})",
    ]


def is_shut(answer: str) -> bool:
    return answer == "0" or bool(re.match(r"permission denied|new row violates row-level security", answer))


@pytest.mark.parametrize("service", SERVICES)
def test_postgresql_alone_shows_and_changes_nothing_of_another_entity(database, numbers, tables, service):
    one, other = numbers
    held = [table for table in tables[service] if re.fullmatch(rf"{service}\.{HELD[service]}", table)]
    assert held, tables[service]
    tried = [attempt for table in tables[service] for attempt in attempts(table, one, other)]
    answers = dict(zip(tried, database.try_as(service, role(service, one), tried), strict=True))
    assert {attempt: answer for attempt, answer in answers.items() if not is_shut(answer)} == {}
    # The same tables are open to the role of their own entity.
    assert not any(is_shut(answer) for answer in database.try_as(service, role(service, other), reading(held)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_login_sees_nothing_without_a_role(database, tables, service):
    answers = database.try_as(service, None, reading(tables[service]))
    assert all(answer.startswith("permission denied for table") for answer in answers), answers


@pytest.mark.parametrize("service", SERVICES)
def test_the_role_of_work_for_all_entities_sees_no_users_table(database, tables, service):
    users = [table for table in tables[service] if is_users(table)]
    answers = database.try_as(service, f"rapport_{service}_worker", reading(users))
    assert all(answer.startswith("permission denied for table") for answer in answers), answers


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_no_role_of_another_and_reads_none_of_its_tables(database, numbers, tables, service):
    others = [other for other in SERVICES if other != service]
    roles = [f"rapport_{service}_owner", f"rapport_{service}_ddl", "rapport"]
    roles += [name for other in others for name in (role(other, numbers[1]), f"rapport_{other}_worker")]
    answers = database.try_as(service, None, [f'SET LOCAL ROLE "{name}"' for name in roles])
    assert all(answer.startswith("permission denied to set role") for answer in answers), answers
    foreign = reading([table for other in others for table in tables[other]])
    for taken in (None, role(service, numbers[1]), f"rapport_{service}_worker"):
        answers = database.try_as(service, taken, foreign)
        assert all(answer.startswith("permission denied for schema") for answer in answers), answers
