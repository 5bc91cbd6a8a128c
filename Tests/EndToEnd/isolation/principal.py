"""Principals as the gateway signs them, for calls that go past it."""

import base64
import pathlib
import subprocess
import tempfile
import time

from rapport.internal.v1 import identity_pb2

# What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 §7).
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
_DOMAIN = b"rapport.internal.v1.Principal\0"


def signed(
    keys: pathlib.Path, entities: list[identity_pb2.Entity], grants: list[identity_pb2.Grant]
) -> tuple[tuple[str, bytes], ...]:
    """The metadata of a caller that the gateway vouches for, by its key in the folder `keys`."""
    now = int(time.time())
    principal = identity_pb2.Principal(
        kind=identity_pb2.SUBJECT_KIND_API_KEY,
        subject="keys/1",
        signer="gateway",
        not_before=now,
        expires=now + 900,
        entities=entities,
        grants=grants,
    ).SerializeToString()
    signature = _sign(base64.b64decode((keys / "gateway.key").read_text()), _DOMAIN + principal)
    message = identity_pb2.SignedPrincipal(principal=principal, signature=signature)
    return (("rapport-principal-bin", message.SerializeToString()),)


def _sign(key: bytes, message: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        paths = pathlib.Path(folder, "key"), pathlib.Path(folder, "message")
        for path, content in zip(paths, (_PKCS8 + key, message), strict=True):
            path.write_bytes(content)
        words = [
            "openssl",
            "pkeyutl",
            "-sign",
            "-keyform",
            "DER",
            "-inkey",
            str(paths[0]),
            "-rawin",
            "-in",
            str(paths[1]),
        ]
        return subprocess.run(words, capture_output=True, check=True).stdout
