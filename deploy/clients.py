"""Official gRPC clients of Rapport in Python, generated from Proto/ as any user of the API would."""

import atexit
import pathlib
import shutil
import sys
import sysconfig
import tempfile

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

_PROTO = pathlib.Path(__file__).parents[1] / "Proto"


def generate_clients() -> None:
    """Makes grpcio's clients importable, as `rapport.MODULE.v1`, until this program ends."""
    folder = tempfile.mkdtemp(prefix="rapport-clients-")
    atexit.register(shutil.rmtree, folder)
    _protoc(f"--python_out={folder}", f"--grpc_python_out={folder}")
    sys.path.insert(0, folder)


def described() -> descriptor_pb2.FileDescriptorSet:
    """All files of Proto/ as data, with their comments. Options are known once the clients are imported."""
    with tempfile.NamedTemporaryFile(prefix="rapport-described-") as file:
        _protoc("--include_source_info", f"--descriptor_set_out={file.name}")
        return descriptor_pb2.FileDescriptorSet.FromString(file.read())


def _protoc(*outputs: str) -> None:
    packages = pathlib.Path(
        sysconfig.get_path("purelib")
    )  # Where googleapis-common-protos and grpcio-tools put Google's.
    files = sorted(str(path.relative_to(_PROTO)) for path in (_PROTO / "rapport").rglob("*.proto"))
    paths = [_PROTO, packages, packages / "grpc_tools/_proto"]
    if protoc.main(["protoc", *(f"--proto_path={path}" for path in paths), *outputs, *files]) != 0:
        raise RuntimeError("Proto/ cannot be read by protoc")
