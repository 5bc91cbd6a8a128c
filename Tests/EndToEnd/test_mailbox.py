"""The local mail server: it loses nothing, and hides nothing."""

import email
import email.policy
import pathlib
import smtplib
import sys

import pytest
from supervisor.account import caller
from supervisor.ports import is_free
from supervisor.process import Process
from supervisor.suite import _accepts


@pytest.fixture
def mailbox(tmp_path: pathlib.Path):
    """A running server's port and folder."""
    port = next(number for number in range(25_250, 29_000) if is_free(number))
    where = {"PYTHONPATH": str(pathlib.Path(__file__).parents[2] / "deploy")}
    argv = [sys.executable, "-m", "supervisor.mailbox", f"127.0.0.1:{port}", str(tmp_path)]
    process = Process("mailbox", argv, tmp_path / "log", caller(), environment=where)
    process.start()
    while not _accepts(f"127.0.0.1:{port}"):
        process.check()
    yield port, tmp_path / "new"
    process.ask_to_stop()
    assert process.wait(10) is None


def test_keeps_the_envelope_and_the_bytes_of_an_accepted_message(mailbox):
    port, folder = mailbox
    text = "Subject: =?utf-8?q?Zo=C3=AB?=\r\n\r\n.a line with a dot\r\nZoë\r\n".encode()
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("bounce+1@example.test", ["a@example.test", "b@example.test"], text, ["BODY=8BITMIME"])

    [file] = folder.iterdir()
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert message["X-Envelope-From"] == "<bounce+1@example.test>"
    assert message.get_all("X-Envelope-To") == ["<a@example.test>", "<b@example.test>"]
    assert file.read_bytes().endswith(text)


def test_a_message_sent_twice_is_kept_twice_in_the_order_of_acceptance(mailbox):
    port, folder = mailbox
    for subject in ("one", "two", "one"):
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@example.test", ["b@example.test"], f"Subject: {subject}\r\n\r\nHello\r\n")

    subjects = [email.message_from_bytes(path.read_bytes())["Subject"] for path in sorted(folder.iterdir())]
    assert subjects == ["one", "two", "one"]


def test_a_message_whose_last_dot_never_came_is_not_kept(mailbox):
    port, folder = mailbox
    client = smtplib.SMTP("127.0.0.1", port)
    client.ehlo()
    client.mail("a@example.test")
    client.rcpt("b@example.test")
    client.docmd("DATA")
    client.send(b"Subject: half\r\n\r\nHel")
    client.close()

    assert list(folder.iterdir()) == []
