"""TLS, compression, keepalive, the end of connections, and what is made again: one end ours, the other grpcio's.

Each test fails when the feature that it is about is off.
"""

import concurrent.futures
import contextlib
import json
import shutil
import socket
import struct
import threading
import time

import grpc
import pytest
from certificates import Authority
from echo import TIMEOUT, Echo
from relay import Relay
from wire import ACK, GOAWAY, HEADERS, PREFACE, RESET, SETTINGS, frame

SETTLED = 0.5


def failure(call, *arguments, timeout=TIMEOUT):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, timeout=timeout)
    return caught.value


# TLS


class Files:
    """Where a process reads its TLS material, which can be replaced."""

    def __init__(self, folder):
        folder.mkdir()
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        self.authorities = folder / "authorities.pem"

    def put(self, certificate, key):
        self.put_certificate(certificate)
        shutil.copy(key, self.key)

    def put_certificate(self, certificate):
        shutil.copy(certificate, self.certificate)

    def put_authorities(self, authority):
        shutil.copy(authority.certificate, self.authorities)

    def options(self, *, mutual=False):
        options = [f"tls-certificates={self.certificate}", f"tls-key={self.key}"]
        return [*options, f"tls-authorities={self.authorities}"] if mutual else options


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    return Authority(folder / "first"), Authority(folder / "second")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "tls")


@pytest.fixture
def connect_tls():
    """Opens channels over TLS, each with a connection of its own; `pair` is the client's certificate and key."""
    with contextlib.ExitStack() as opened:

        def connect(server, authority, pair=None):
            certificate, key = [file.read_bytes() for file in pair] if pair else (None, None)
            credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, certificate)
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = grpc.secure_channel(f"localhost:{server.port}", credentials, options=options)
            return Echo(opened.enter_context(channel))

        yield connect


def test_tls(start, connect, connect_tls, authorities, files):
    first, second = authorities
    files.put(*first.sign("server"))
    server = start(*files.options())
    large = bytes(1_000_000)
    assert connect_tls(server, first).echo(large, timeout=TIMEOUT) == large
    assert failure(connect_tls(server, second).echo, b"x").code() == grpc.StatusCode.UNAVAILABLE
    assert failure(connect(server).echo, b"x").code() == grpc.StatusCode.UNAVAILABLE


def test_a_server_that_asks_for_certificates(start, connect_tls, authorities, files):
    first, second = authorities
    files.put(*first.sign("server"))
    files.put_authorities(first)
    server = start(*files.options(mutual=True))
    assert connect_tls(server, first, first.sign("client")).echo(b"x", timeout=TIMEOUT) == b"x"
    assert failure(connect_tls(server, first).echo, b"x").code() == grpc.StatusCode.UNAVAILABLE
    stranger = connect_tls(server, first, second.sign("stranger"))
    assert failure(stranger.echo, b"x").code() == grpc.StatusCode.UNAVAILABLE


def test_new_certificates_are_used_without_a_restart(start, connect_tls, authorities, files):
    first, second = authorities
    files.put(*first.sign("old"))
    files.put_authorities(first)
    server = start(*files.options(mutual=True))
    before = connect_tls(server, first, first.sign("client"))
    assert before.echo(b"x", timeout=TIMEOUT) == b"x"

    certificate, key = second.sign("new")
    files.put_certificate(certificate)  # which does not fit the key that is there
    assert connect_tls(server, first, first.sign("client")).echo(b"half", timeout=TIMEOUT) == b"half"

    files.put(certificate, key)
    assert connect_tls(server, second, first.sign("client")).echo(b"new", timeout=TIMEOUT) == b"new"
    assert failure(connect_tls(server, first, first.sign("client")).echo, b"x").code() == grpc.StatusCode.UNAVAILABLE

    files.put_authorities(second)
    assert connect_tls(server, second, second.sign("client")).echo(b"roots", timeout=TIMEOUT) == b"roots"
    revoked = connect_tls(server, second, first.sign("client"))
    assert failure(revoked.echo, b"x").code() == grpc.StatusCode.UNAVAILABLE
    assert before.echo(b"open", timeout=TIMEOUT) == b"open"


def test_our_client_shows_its_certificate_and_a_new_one_when_it_changes(serve, run, authorities, files):
    first, second = authorities
    certificate, key = (file.read_bytes() for file in second.sign("server"))
    trusted = second.certificate.read_bytes()
    server = serve(credentials=grpc.ssl_server_credentials([(key, certificate)], trusted, require_client_auth=True))
    files.put(*first.sign("client"))
    files.put_authorities(first)
    client = run(server, "steps", *files.options(mutual=True))
    assert client.step("nobody knows the server") == "UNAVAILABLE"
    files.put_authorities(second)
    assert client.step("the server does not know us") == "UNAVAILABLE"
    files.put(*second.sign("client"))
    for _ in range(100):  # each attempt waits for the client's back-off
        if client.step("x") == "x":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the new certificate is not shown")


# Compression


@pytest.fixture
def relay_to():
    relays = []

    def relay_to(server):
        relays.append(Relay(server.port))
        return relays[-1]

    yield relay_to
    for relay in relays:
        relay.close()


def test_our_server_compresses_what_it_sends(start, connect, relay_to):
    relay = relay_to(start("gzip=1"))
    assert len(connect(relay).echo(bytes(1_000_000), timeout=TIMEOUT)) == 1_000_000
    assert relay.sent > 1_000_000
    assert relay.received < 100_000


def test_our_client_compresses_what_it_sends(serve, run, relay_to):
    relay = relay_to(serve())
    assert run(relay, "gzip").finish() == ["true"]
    assert relay.sent < 100_000
    assert relay.received > 1_000_000


# Keepalive


def test_our_server_notices_that_a_client_is_gone(start, connect, relay_to):
    server = start("keepalive=100", "keepalive-timeout=200")
    direct, relay = connect(server), relay_to(server)
    call = connect(relay).hang.future(b"", timeout=TIMEOUT)
    direct.wait_for("hang.started")
    time.sleep(SETTLED)
    assert direct.count("hang.cancelled") == 0
    relay.cut()
    direct.wait_for("hang.cancelled")
    assert not call.done()


def test_our_client_notices_that_a_server_is_gone(serve, run, relay_to):
    server = serve(options=[("grpc.http2.min_recv_ping_interval_without_data_ms", 10)])
    relay = relay_to(server)
    client = run(relay, "hang", "keepalive=100", "keepalive-timeout=200")
    assert server.hanging.wait(TIMEOUT)
    time.sleep(SETTLED)
    assert client.process.poll() is None
    relay.cut()
    assert client.finish()[0].startswith("UNAVAILABLE")
    assert not server.cancelled.is_set()
    server.cancelled.set()


PINGING = [
    ("grpc.keepalive_time_ms", 100),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


def test_a_client_that_pings_too_often_is_sent_away(start, connect):
    """grpcio pings once a second at most, whatever it is told."""
    strict, patient = (
        connect(start(f"min-ping-interval={interval}"), options=PINGING).hang.future(b"", timeout=TIMEOUT)
        for interval in (60_000, 100)
    )
    error = strict.exception()
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert "too_many_pings" in error.details()
    assert not patient.done()


# The end of connections


def test_an_idle_connection_ends_and_the_next_call_opens_another(start, connect):
    echo = connect(start("max-idle=50"))
    ended = threading.Event()
    states = []

    def changed(state):
        states.append(state)
        if state is grpc.ChannelConnectivity.IDLE and grpc.ChannelConnectivity.READY in states:
            ended.set()

    echo.channel.subscribe(changed)
    assert echo.echo(b"x", timeout=TIMEOUT) == b"x"
    assert ended.wait(TIMEOUT)
    assert echo.echo(b"y", timeout=TIMEOUT) == b"y"


def call_until(stop, echo):
    """Calls of all sizes until told to stop; how many. A call that fails raises."""
    count = 0
    while not stop.is_set():
        assert echo.echo(b"small", timeout=TIMEOUT) == b"small"
        assert sum(len(part) for part in echo.expand(b"20 20000", timeout=TIMEOUT)) == 400_000
        assert echo.collect(iter([bytes(20_000)] * 20), timeout=TIMEOUT) == b"20 400000"
        count += 1
    return count


def test_no_call_fails_when_connections_grow_old(start, connect):
    server = start("max-age=30")
    echo = connect(server)
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(call_until, stop, echo) for _ in range(4)]
        connect(server).wait_for("peers", 20)
        stop.set()
        assert all(caller.result() > 0 for caller in callers)


def test_calls_of_an_old_connection_have_their_grace_and_no_more(start, connect):
    error = failure(connect(start("max-age=50", "max-age-grace=100")).hang, b"")
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    patient = connect(start("max-age=50"))
    assert failure(patient.hang, b"", timeout=1).code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_no_call_fails_when_a_server_drains(start):
    servers = [start(), start()]
    addresses = ",".join(server.address for server in servers)
    config = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
    stop = threading.Event()
    with (
        grpc.insecure_channel(f"ipv4:{addresses}", options=[("grpc.service_config", config)]) as channel,
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        callers = [pool.submit(call_until, stop, Echo(channel)) for _ in range(4)]
        with grpc.insecure_channel(servers[0].address) as direct:
            Echo(direct).wait_for("expand.ended", 10)
        servers[0].terminate()
        assert servers[0].finish() == ("drained\n", 0)
        stop.set()
        assert all(caller.result() > 0 for caller in callers)


# What is made again


class Refuser:
    """A server that takes every request's head and answers with `refuse`'s frames; `ends` closes after them."""

    def __init__(self, refuse, *, ends=False):
        self.refused = 0
        self._refuse, self._ends = refuse, ends
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection.makefile("rwb"), connection), daemon=True).start()

    def _serve(self, stream, connection):
        with contextlib.suppress(OSError), stream, connection:
            stream.read(len(PREFACE))
            stream.write(frame(SETTINGS, 0, 0))
            stream.flush()
            while head := stream.read(9):
                kind, flags, number = head[3], head[4], int.from_bytes(head[5:9], "big")
                stream.read(int.from_bytes(head[:3], "big"))
                if kind == SETTINGS and not flags & ACK:
                    stream.write(frame(SETTINGS, ACK, 0))
                if kind == HEADERS:
                    self.refused += 1
                    stream.write(self._refuse(number))
                stream.flush()
                if kind == HEADERS and self._ends:
                    return


def refused_stream(number):
    return frame(RESET, 0, number, struct.pack(">I", 7))


def goes_away(_number):
    return frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0))


def resets(number):
    return frame(RESET, 0, number, struct.pack(">I", 2))


def vanishes(_number):
    return b""


@pytest.fixture
def refuser(request):
    refuse, ends = request.param
    refuser = Refuser(refuse, ends=ends)
    yield refuser
    refuser.close()


UNSEEN = [(refused_stream, False), (goes_away, True)]
SEEN = [(resets, False), (vanishes, True)]


@pytest.mark.parametrize("refuser", UNSEEN, ids=["refused", "go-away"], indirect=True)
def test_a_call_that_no_server_saw_is_made_again(serve, run, refuser):
    server = serve()
    client = run([refuser, server], "steps")
    for number in range(20):
        assert client.step(f"call {number}") == f"call {number}"
    assert refuser.refused > 0
    assert server.answers == 20


@pytest.mark.parametrize("refuser", UNSEEN, ids=["refused", "go-away"], indirect=True)
def test_a_stream_that_no_server_saw_is_made_again(serve, run, refuser):
    server = serve()
    while refuser.refused < 2:  # whichever server is connected first is called first
        assert run([refuser, server], "chat").finish() == ["0", "1", "2", "end"]


@pytest.mark.parametrize("refuser", UNSEEN, ids=["refused", "go-away"], indirect=True)
def test_no_call_is_made_more_often_than_allowed(run, refuser):
    client = run(refuser, "steps", "max-attempts=1")
    assert client.step("x") == "UNAVAILABLE"
    assert refuser.refused == 1


@pytest.mark.parametrize("refuser", SEEN, ids=["reset", "gone"], indirect=True)
def test_a_call_that_a_server_may_have_seen_is_not_made_again(serve, run, refuser):
    server = serve()
    client = run([refuser, server], "steps")
    answers = []
    while refuser.refused == 0:
        answers.append(client.step("x"))
    assert [answer for answer in answers if answer != "x"] in (["INTERNAL"], ["UNAVAILABLE"])
    assert server.answers == len(answers) - 1
