"""Certificates for tests, made by openssl."""

import subprocess

_CONFIG = "[req]\ndistinguished_name = name\n[name]\n"


class Authority:
    """Signs certificates for localhost; all its files are in a folder of its own."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        (folder / "config").write_text(_CONFIG)
        self.certificate = folder / "authority.pem"
        self._key = folder / "authority.key"
        self._request(self.certificate, self._key, "/CN=authority", ["basicConstraints=critical,CA:TRUE"])

    def sign(self, name):
        """A certificate and its key, each as a file."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        extensions = ["basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        self._request(
            certificate, key, f"/CN={name}", extensions, "-CA", str(self.certificate), "-CAkey", str(self._key)
        )
        return certificate, key

    def _request(self, certificate, key, subject, extensions, *options):
        words = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        words += ["-config", self.folder / "config", "-subj", subject, "-days", "30", "-keyout", key]
        for extension in extensions:
            words += ["-addext", extension]
        subprocess.run([*words, "-out", certificate, *options], check=True, capture_output=True)
