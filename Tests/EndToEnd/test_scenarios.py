"""Scenarios on the real stack: a call, a wait, a write into the profile, and a process that is killed meanwhile."""

import datetime
import random
import time

import grpc
import pytest
from google.protobuf import duration_pb2
from imports import customers_definition, make_customers, profiles
from rapport.automation.v1 import scenario_pb2, scenario_service_pb2, scenario_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from rapport.type.v1 import field_type_pb2, value_pb2

RIGHTS = (options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH)


def make_scenario(channel, entity, table, seconds):
    """A scenario that a call begins: it waits, and then writes a name."""
    service = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
    steps = [
        scenario_pb2.Step(
            id="wait", wait=scenario_pb2.WaitStep(duration=duration_pb2.Duration(seconds=seconds)), next="write"
        ),
        scenario_pb2.Step(
            id="write",
            update_profile=scenario_pb2.UpdateProfileStep(fields={"firstName": value_pb2.Value(string_value="Done")}),
        ),
    ]
    made = service.CreateScenario(
        scenario_service_pb2.CreateScenarioRequest(
            parent=entity,
            scenario_id="wait-and-write",
            scenario=scenario_pb2.Scenario(
                profile_table=table,
                trigger=scenario_pb2.Trigger(call=scenario_pb2.CallTrigger()),
                steps=steps,
                reentry=scenario_pb2.REENTRY_NEVER,
            ),
        )
    )
    service.ActivateScenario(scenario_service_pb2.ActivateScenarioRequest(name=made.name))
    return service, made.name


def start(service, scenario, table, number):
    """Begins an execution for a profile that the call creates; asks again while the service is away."""
    request = scenario_service_pb2.StartExecutionRequest(
        parent=scenario,
        profile=f"{table}/profiles/customerCode={number:05}",
        request_id=f"start-{number}",
        fields={"lastName": value_pb2.Value(string_value="Peeters")},
    )
    for _ in range(100):
        try:
            return service.StartExecution(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.1)
    return service.StartExecution(request)


def executions(service, scenario):
    """All executions."""
    request = scenario_service_pb2.ListExecutionsRequest(parent=scenario, page_size=1_000)
    for _ in range(100):
        try:
            return service.ListExecutions(request).executions
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.1)
    return service.ListExecutions(request).executions


@pytest.mark.timeout(300)
def test_kills_of_automation_lose_no_execution_and_take_no_step_twice(own_suite):
    entity, channel = own_suite.entity(*RIGHTS)
    table = make_customers(channel, entity)
    service, scenario = make_scenario(channel, entity, table, seconds=2)
    moments = random.Random(20_240_229)
    victims = {moments.randrange(200) for _ in range(3)}

    for number in range(200):
        if number in victims:
            own_suite.suite.services["automation"].kill()
            own_suite.suite.start_service("automation")
            own_suite.suite.wait_until_ready("automation")
        start(service, scenario, table, number)
    own_suite.suite.services["automation"].kill()
    own_suite.suite.start_service("automation")
    own_suite.suite.wait_until_ready("automation")

    for _ in range(600):
        found = executions(service, scenario)
        if all(one.state == scenario_pb2.EXECUTION_STATE_COMPLETED for one in found):
            break
        time.sleep(0.2)
    assert len(found) == 200
    assert {one.state for one in found} == {scenario_pb2.EXECUTION_STATE_COMPLETED}
    assert {tuple(step.step for step in one.steps) for one in found} == {("wait", "write")}
    assert len({one.profile for one in found}) == 200
    profiles = profile_service_pb2_grpc.ProfileServiceStub(channel).ListProfiles(
        profile_service_pb2.ListProfilesRequest(parent=table, page_size=1_000)
    )
    assert [one.fields["firstName"].string_value for one in profiles.profiles] == ["Done"] * 200


def make_birthday_table(channel, entity):
    """The story's table with a time zone of each profile."""
    definition = customers_definition()
    definition.attributes.add(
        id="zone",
        type=field_type_pb2.FIELD_TYPE_STRING,
        meaning=profile_table_pb2.ATTRIBUTE_MEANING_TIME_ZONE,
    )
    made = profiles(channel).CreateProfileTable(
        profile_service_pb2.CreateProfileTableRequest(
            parent=entity, profile_table_id="customers", profile_table=definition
        )
    )
    return made.name


def make_customer(channel, table, code, birthday, zone):
    """A profile that was born on the day and month of `birthday`; returns its name."""
    fields = {
        "customerCode": value_pb2.Value(string_value=code),
        "birthDate": value_pb2.Value(date_value=value_pb2.Date(year=1988, month=birthday.month, day=birthday.day)),
        "zone": value_pb2.Value(string_value=zone),
    }
    profile = profile_pb2.Profile(fields=fields)
    return profiles(channel).CreateProfile(profile_service_pb2.CreateProfileRequest(parent=table, profile=profile)).name


def test_a_birthday_that_is_today_in_the_profiles_zone_begins_at_its_hour(suite):
    entity, channel = suite.entity(*RIGHTS)
    table = make_birthday_table(channel, entity)
    now = datetime.datetime.now(datetime.UTC)
    # A zone where it is about noon: the day stays the same while the test runs. In the database's names, east is minus.
    ahead = 12 - now.hour
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    hour = now + datetime.timedelta(hours=ahead, seconds=4)
    celebrating = make_customer(channel, table, "today", hour, zone)
    make_customer(channel, table, "yesterday", hour - datetime.timedelta(days=1), zone)
    # Where it is midnight, that hour is half a day away.
    make_customer(channel, table, "elsewhere", hour, "Etc/GMT-12" if ahead <= 0 else "Etc/GMT+12")
    service = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
    trigger = scenario_pb2.DateTrigger(
        attribute="birthDate",
        recurrence=scenario_pb2.DATE_RECURRENCE_YEARLY,
        time_of_day=scenario_pb2.TimeOfDay(hour=hour.hour, minute=hour.minute, second=hour.second),
    )
    wish = scenario_pb2.UpdateProfileStep(fields={"firstName": value_pb2.Value(string_value="Celebrated")})
    made = service.CreateScenario(
        scenario_service_pb2.CreateScenarioRequest(
            parent=entity,
            scenario_id="birthday",
            scenario=scenario_pb2.Scenario(
                profile_table=table,
                trigger=scenario_pb2.Trigger(date=trigger),
                steps=[scenario_pb2.Step(id="wish", update_profile=wish)],
                reentry=scenario_pb2.REENTRY_ALWAYS,
            ),
        )
    )
    service.ActivateScenario(scenario_service_pb2.ActivateScenarioRequest(name=made.name))

    for _ in range(300):
        found = executions(service, made.name)
        if found and all(one.state == scenario_pb2.EXECUTION_STATE_COMPLETED for one in found):
            break
        time.sleep(0.1)

    assert [one.profile for one in found] == [celebrating]
    assert found[0].create_time.ToDatetime(datetime.UTC) >= hour - datetime.timedelta(hours=ahead, seconds=1)
    name = profiles(channel).GetProfile(profile_service_pb2.GetProfileRequest(name=celebrating)).fields["firstName"]
    assert name.string_value == "Celebrated"


def test_a_scenario_that_cannot_run_is_refused_and_the_field_is_named(suite):
    entity, channel = suite.entity(*RIGHTS)
    table = make_customers(channel, entity)
    service = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
    scenario = scenario_pb2.Scenario(
        profile_table=table,
        trigger=scenario_pb2.Trigger(call=scenario_pb2.CallTrigger()),
        reentry=scenario_pb2.REENTRY_ALWAYS,
        steps=[scenario_pb2.Step(id="write", update_profile=scenario_pb2.UpdateProfileStep(), next="nowhere")],
    )

    with pytest.raises(grpc.RpcError) as refused:
        service.CreateScenario(
            scenario_service_pb2.CreateScenarioRequest(parent=entity, scenario_id="broken", scenario=scenario)
        )

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "scenario.steps[0].update_profile.fields" in refused.value.details()
    assert not service.ListScenarios(scenario_service_pb2.ListScenariosRequest(parent=entity)).scenarios
