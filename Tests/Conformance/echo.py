"""The Swift programs that the tests talk to, and the echo service as grpcio sees it.

The programs are looked for in RAPPORT_BIN, by default the package's debug build.
"""

import os
import pathlib
import subprocess

from google.protobuf.wrappers_pb2 import BytesValue

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("RAPPORT_BIN", ROOT / ".build" / "debug"))
TIMEOUT = 30


class Process:
    """A program that was told to listen and has printed its port."""

    def __init__(self, *options, program="rpc-echo-server"):
        self.process = subprocess.Popen([PROGRAMS / program, *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def terminate(self):
        self.process.terminate()

    def finish(self):
        """Waits for the end; what was printed after the port, and the exit code."""
        rest, _ = self.process.communicate(timeout=TIMEOUT)
        return rest, self.process.returncode

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Echo:
    """The echo service as grpcio calls it."""

    def __init__(self, channel):
        def method(kind, name):
            return getattr(channel, kind)(
                f"/rapport.testing.Echo/{name}",
                request_serializer=lambda value: BytesValue(value=value).SerializeToString(),
                response_deserializer=lambda data: BytesValue.FromString(data).value,
            )

        self.channel = channel
        self.echo = method("unary_unary", "Echo")
        self.fail = method("unary_unary", "Fail")
        self.hang = method("unary_unary", "Hang")
        self.set_health = method("unary_unary", "SetHealth")
        self.collect = method("stream_unary", "Collect")
        self.stall = method("stream_unary", "Stall")
        self.expand = method("unary_stream", "Expand")
        self.chat = method("stream_stream", "Chat")
        self._counters = method("unary_unary", "Counters")

    def count(self, name):
        lines = self._counters(b"", timeout=TIMEOUT).decode().splitlines()
        return dict((key, int(value)) for key, value in (line.split("=") for line in lines)).get(name, 0)

    def wait_for(self, name, count=1):
        """Asks until the service has counted so many; the test's time limit ends it otherwise."""
        while self.count(name) < count:
            pass
