"""The private cluster lets nobody in who should not be."""

import pathlib
import shutil
import subprocess
import tempfile

import pytest
from supervisor.account import unprivileged
from supervisor.postgresql import PostgreSQL


@pytest.fixture
def folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rapport-test-"))
    unprivileged().own(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(folder):
    cluster = PostgreSQL(folder / "postgresql", folder / "log", unprivileged(), is_durable=False)
    cluster.start()
    yield cluster
    cluster.process.ask_to_stop()
    assert cluster.process.wait(20) is None


def ask(cluster: PostgreSQL, sql: str, password: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["psql", "-w", "-h", str(cluster.socket_folder), "-U", "rapport", "-Atc", sql, "postgres"],
        env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_answers_to_the_administrators_password_alone(cluster):
    password = cluster.password_file.read_text().strip()
    assert ask(cluster, "show data_checksums", password).stdout == "on\n"
    assert "password authentication failed" in ask(cluster, "select 1", "wrong").stderr


def test_listens_on_no_network_and_hides_its_socket(cluster):
    password = cluster.password_file.read_text().strip()
    assert ask(cluster, "show listen_addresses", password).stdout == "\n"
    assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700
    assert cluster.password_file.stat().st_mode & 0o777 == 0o600


def test_keeps_its_data_and_its_settings_through_a_crash(cluster):
    password = cluster.password_file.read_text().strip()
    assert ask(cluster, "create table kept as select 42 as n; checkpoint", password).returncode == 0
    cluster.process.kill()
    cluster.start()
    kept = ask(cluster, "select n from kept", password)
    assert kept.stdout == "42\n", kept.stderr + cluster.process.log.read_text()


def test_logs_no_value_of_a_refused_row(cluster):
    password = cluster.password_file.read_text().strip()
    ask(cluster, "create table t (mail text unique); insert into t values ('zoe@example.test')", password)
    refused = ask(cluster, "insert into t values ('zoe@example.test')", password)
    assert "duplicate key" in refused.stderr
    log = cluster.process.log.read_text()
    assert "duplicate key" in log
    assert "zoe@example.test" not in log
