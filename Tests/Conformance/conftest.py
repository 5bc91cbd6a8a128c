"""Starts and ends what the tests talk to."""

import grpc
import pytest
from echo import Echo, Process
from peers import Client, EchoServer


@pytest.fixture
def start():
    """Starts servers with options; those that a test leaves running are killed after it."""
    started = []

    def start(*options, program="rpc-echo-server"):
        started.append(Process(*options, program=program))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def connect():
    """Opens channels; all are closed after the test."""
    channels = []

    def connect(server, **options):
        channel = grpc.insecure_channel(server.address, **options)
        channels.append(channel)
        return Echo(channel)

    yield connect
    for channel in channels:
        channel.close()


@pytest.fixture
def echo(server, connect):
    return connect(server)


@pytest.fixture
def serve():
    started = []

    def serve(*arguments, **options):
        started.append(EchoServer(*arguments, **options))
        return started[-1]

    yield serve
    for server in started:
        server.server.stop(None)


@pytest.fixture
def run():
    started = []

    def run(servers, scenario, *options):
        started.append(Client(servers if isinstance(servers, list) else [servers], scenario, *options))
        return started[-1]

    yield run
    for client in started:
        client.process.kill()
        client.process.wait()
