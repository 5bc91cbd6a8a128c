"""PostgreSQL is stopped, stays away for a while, and comes back: everything that was under way goes on by itself."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from imports import COLUMNS, csv_file
from story import data
from supervisor.services import services

from .shop import mailable, refusal

# How long it stays away; RAPPORT_SECONDS_AWAY=60 for a minute.
SECONDS = float(os.environ.get("RAPPORT_SECONDS_AWAY", "4"))
# By all services together, while they wait for it.
ATTEMPTS_PER_SECOND = 15


@contextlib.contextmanager
def knocks(folder) -> Iterator[list[float]]:
    """Listens in PostgreSQL's place, lets nobody in, and notes when somebody came."""
    found: list[float] = []
    path = folder / ".s.PGSQL.5432"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o777)
        listener.listen(100)

        def turn_away() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    found.append(time.monotonic())
                    caller.close()

        threading.Thread(target=turn_away, daemon=True).start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
    path.unlink()


@pytest.mark.timeout(300 + 3 * SECONDS)
def test_work_waits_for_postgresql_and_goes_on(faulty, shop, tmp_path):
    readers, thanked = mailable(160), mailable(12)
    shop.take_customers(readers)
    scenario, thanks = shop.make_scenario()
    news = shop.launch("news", rate=30)
    shop.begin(scenario, thanked)
    more = range(100_001, 112_001)
    (tmp_path / "more.csv").write_bytes(csv_file(COLUMNS, map(data.customer_row, more)))
    importing = shop.command("profiles", "import", shop.table, str(tmp_path / "more.csv"), "--key", "customerCode")
    time.sleep(0.5)  # The fault comes in the midst of all that.

    faulty.stop_postgresql()
    with knocks(faulty.postgresql.socket_folder) as found:
        time.sleep(1.5)  # Readiness may be two seconds old.
        began, before = time.monotonic(), len(found)
        code, text, seconds = refusal(lambda: shop.get(1, timeout=10))
        assert code == grpc.StatusCode.UNAVAILABLE
        assert "The database does not answer" in text
        assert seconds < 8, "a person is not kept waiting"
        while time.monotonic() - began < SECONDS - 1.5:
            time.sleep(0.1)
        for service in services():
            status, said = faulty.readiness(service.name)
            assert (status, said) == (503, "The database cannot be reached."), service.name
        rate = (len(found) - before) / (time.monotonic() - began)
        print(f"{rate:.1f} attempts a second to reach PostgreSQL")
        assert 0 < rate < ATTEMPTS_PER_SECOND
    faulty.start_postgresql()

    for service in services():
        faulty.wait_until_ready(service.name)
    said, _ = importing.communicate(timeout=200)
    assert importing.returncode == 0, said
    shop.check_sent_once(news, readers, breaks=1)
    shop.check_thanked_once(scenario, thanks, thanked, breaks=1)
    codes = shop.codes()
    assert set(codes.values()) == {1}
    assert len(codes) == len(readers) + len(more)
