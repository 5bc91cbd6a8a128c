"""What deploy/compose.yaml and deploy/containers promise, without an engine: deploy/run --containers is the whole."""

import json
import os
import pathlib
import subprocess

import pytest
import yaml
from supervisor.services import Service, services

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
TOPOLOGY = json.loads((DEPLOY / "containers" / "topology.json").read_text(encoding="utf-8"))
OTHERS = {"password", "postgresql", "setup"}


def mounts(container):
    """Where the container sees which volume, and whether it may write there."""
    parts = (text.rsplit(":", 2) if text.endswith(":ro") else (*text.rsplit(":", 1), "rw") for text in container)
    return {source: (target, mode) for source, target, mode in parts}


def test_the_containers_are_the_suites_services():
    assert set(COMPOSE["services"]) == {service.name for service in services()} | OTHERS


def test_the_addresses_are_those_of_the_services_and_differ():
    listed = {name: set(addresses) for name, addresses in TOPOLOGY["services"].items()}
    assert listed == {service.name: set(service.addresses) for service in services()}
    addresses = [address for each in TOPOLOGY["services"].values() for address in each.values()]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("127.0.0.1:") for address in addresses), "in clear: for loopback alone"
    assert TOPOLOGY["publicBaseURL"] == f"http://{TOPOLOGY['services']['gateway']['http']}"


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_nobody_is_root_and_no_root_can_be_written(name):
    container = COMPOSE["services"][name]
    assert int(container["user"].split(":")[0]) > 0
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["network_mode"] == ("none" if name in OTHERS else "host")


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_a_service_is_given_its_own_secrets_alone_and_may_not_change_them(service: Service):
    container = COMPOSE["services"][service.name]
    folder = f"/var/lib/rapport/services/{service.name}"
    assert mounts(container["volumes"]) == {service.name: (folder, "ro"), "socket": ("/run/postgresql", "ro")}
    assert mounts(COMPOSE["services"]["setup"]["volumes"])[service.name] == (folder, "rw")
    assert container["command"] == [service.executable]
    assert container["healthcheck"]["test"] == ["CMD", service.executable, "--ready"]
    assert container["environment"] == {"RAPPORT_CONFIG": f"{folder}/configuration.json"}


def test_the_one_file_is_each_program_by_its_name(tmp_path):
    suite = pathlib.Path(os.environ["RAPPORT_BINARIES"]) / "rapport-suite"
    for name in ["rapport", *(service.executable for service in services())]:
        (tmp_path / name).symlink_to(suite)
        done = subprocess.run([tmp_path / name, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"{name} ")
    stranger = subprocess.run([suite], capture_output=True, text=True, check=False)
    assert stranger.returncode == 64
    assert "rapport-suite" in stranger.stderr
