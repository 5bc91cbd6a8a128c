"""grpcurl, which knows nothing of Rapport but what reflection tells it."""

import json
import pathlib
import subprocess
import sys

import pytest

_GRPCURL = pathlib.Path(sys.executable).parent / "grpcurl"


@pytest.fixture
def grpcurl(suite):
    def run(*words: str, data: dict | None = None) -> subprocess.CompletedProcess[str]:
        request = ["-d", json.dumps(data)] if data is not None else []
        command = [str(_GRPCURL), "-plaintext", *request, suite.suite.addresses["gateway.rpc"], *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_grpcurl_lists_and_describes_what_the_gateway_serves(grpcurl):
    listed = grpcurl("list").stdout.split()
    assert {"grpc.health.v1.Health", "rapport.access.v1.AccessService", "rapport.profiles.v1.ProfileService"} <= {
        *listed
    }
    assert not [name for name in listed if name.startswith("rapport.internal.")]
    assert "rpc GetProfile " in grpcurl("describe", "rapport.profiles.v1.ProfileService").stdout


def test_grpcurl_calls(grpcurl, suite):
    assert json.loads(grpcurl("grpc.health.v1.Health/Check").stdout) == {"status": "SERVING"}
    secret = suite.suite.key_file("administrator").read_text(encoding="utf-8").strip()
    answer = grpcurl("rapport.access.v1.AccessService/ExchangeKey", data={"secret": secret})
    assert json.loads(answer.stdout)["accessToken"]


def test_grpcurl_shows_why_a_call_was_refused(grpcurl):
    refused = grpcurl("rapport.access.v1.AccessService/ListEntities", data={})
    assert refused.returncode != 0
    assert "Unauthenticated" in refused.stderr
    assert '"domain":"rapport","reason":"TOKEN_MISSING"' in refused.stderr.replace(" ", "")
