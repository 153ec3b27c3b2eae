"""An authority for one trial, and its certificate for loopback."""

import pathlib
import subprocess

from processes import check

EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
"""


def make(directory: pathlib.Path) -> None:
    """Writes ca.pem, server.pem and server.key."""
    def openssl(*words: str) -> None:
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, cwd=directory)
        check(done.returncode == 0, f"openssl: {done.stderr}")

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new_key, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=Trial authority", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (directory / "extensions").write_text(EXTENSIONS)
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "extensions", "-out", "server.pem")
