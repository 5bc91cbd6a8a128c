"""The disk that PostgreSQL writes to is full: nothing is half done, and what was begun ends once there is room."""

import grpc
import pytest
from imports import COLUMNS, csv_file, latest_import
from rapport.type.v1 import import_pb2
from story import data

from .shop import again, mailable

ROWS = 6_000
FULL = "The database's disk is full. Nothing was changed. Once there is room again, the same call succeeds."


@pytest.mark.timeout(300)
def test_an_import_that_fills_the_disk_goes_on_once_there_is_room(faulty, shop, disk):
    if disk is None:
        pytest.skip("this account may not mount a file system of a limited size (that takes root)")
    known = mailable(20)
    shop.take_customers(known)
    table = shop.table
    more = range(100_001, 100_001 + ROWS)
    file = csv_file(COLUMNS, map(data.customer_row, more))
    chunks = len(file) // 16_384

    def fill(number: int) -> None:
        if number == chunks // 3:
            disk.fill(left=0)

    def look() -> None:
        """What a person sees while the disk is full."""
        found = len(shop.codes())
        latest = latest_import(shop.channel, table)
        assert latest.progress.state == import_pb2.IMPORT_STATE_RUNNING
        assert latest.progress.created == found - len(known), "what is there is what was told"
        assert shop.get(1).name.startswith(table), "reading goes on"
        assert faulty.readiness("profiles")[0] == 200

    try:
        with pytest.raises(grpc.RpcError) as refused:
            shop.import_once(file, fill)
        assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.UNAVAILABLE, FULL)
        look()
    finally:
        disk.clear()

    done = again(lambda: shop.import_once(file))
    assert done.progress.state == import_pb2.IMPORT_STATE_SUCCEEDED
    assert done.progress.created == ROWS
    codes = shop.codes()
    assert set(codes.values()) == {1}
    assert len(codes) == ROWS + len(known)
