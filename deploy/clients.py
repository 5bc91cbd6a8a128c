"""Official gRPC clients of Rapport in Python, generated from Proto/ as any user of the API would."""

import atexit
import pathlib
import shutil
import sys
import sysconfig
import tempfile

from grpc_tools import protoc

_PROTO = pathlib.Path(__file__).parents[1] / "Proto"


def generate_clients() -> None:
    """Makes grpcio's clients importable, as `rapport.MODULE.v1`, until this program ends."""
    folder = tempfile.mkdtemp(prefix="rapport-clients-")
    atexit.register(shutil.rmtree, folder)
    packages = pathlib.Path(
        sysconfig.get_path("purelib")
    )  # Where googleapis-common-protos and grpcio-tools put Google's.
    files = sorted(str(path.relative_to(_PROTO)) for path in (_PROTO / "rapport").rglob("*.proto"))
    paths = [_PROTO, packages, packages / "grpc_tools/_proto"]
    words = ["protoc", *(f"--proto_path={path}" for path in paths), f"--python_out={folder}"]
    if protoc.main([*words, f"--grpc_python_out={folder}", *files]) != 0:
        raise RuntimeError("grpcio's clients cannot be generated from Proto/")
    sys.path.insert(0, folder)
