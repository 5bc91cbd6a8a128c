"""What the tests of the messages share: Python's view of the sample messages, and the suite's codecs behind a pipe."""

import os
import pathlib
import random
import struct
import subprocess

import google.rpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Pipe:
    """The program message-pipe: one answer to each request, in order."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, operation, name, data):
        """The output, or None and the reason."""
        name = name.encode()
        self.process.stdin.write(
            operation.encode() + struct.pack("<I", len(name)) + name + struct.pack("<I", len(data)) + data
        )
        self.process.stdin.flush()
        header = self.process.stdout.read(5)
        assert len(header) == 5, f"message-pipe ended, status {self.process.wait()}"
        output = self.process.stdout.read(struct.unpack("<I", header[1:])[0])
        return (output, "") if header[:1] == b"+" else (None, output.decode())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


class Samples:
    """Python's classes of the sample messages, built from the .proto files."""

    def __init__(self, folder):
        descriptors = folder / "samples.pb"
        packages = pathlib.Path(list(google.rpc.__path__)[0]).parents[1]
        files = sorted((ROOT / "Tests/Proto").rglob("*.proto"))
        subprocess.run(
            [
                "protoc",
                f"--descriptor_set_out={descriptors}",
                "--include_imports",
                f"--proto_path={ROOT}/Proto",
                f"--proto_path={ROOT}/Tests/Proto",
                "--proto_path=/usr/include",
                f"--proto_path={packages}",
                *files,
            ],
            check=True,
        )
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes()).file:
            self.pool.Add(file)
        self.names = [
            message.full_name
            for path in files
            for message in self.pool.FindFileByName(
                str(path.relative_to(ROOT / "Tests/Proto"))
            ).message_types_by_name.values()
        ]

    def type(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    return Samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def pipe():
    binaries = os.environ.get("RAPPORT_BINARIES")
    if not binaries:
        subprocess.run(["swift", "build", "--product", "message-pipe"], cwd=ROOT, check=True)
        show = ["swift", "build", "--show-bin-path"]
        binaries = subprocess.run(show, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    pipe = Pipe(f"{binaries}/message-pipe")
    yield pipe
    pipe.close()


@pytest.fixture
def dice(request):
    """Random numbers; the seed is printed with a failure and taken from RAPPORT_SEED."""
    seed = int(os.environ.get("RAPPORT_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"RAPPORT_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="session")
def rounds():
    """How many messages a test tries."""
    return int(os.environ.get("RAPPORT_ROUNDS", 3000))
