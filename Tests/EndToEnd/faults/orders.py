"""Orders of a shop's customers: what another service keeps of profiles."""

from collections.abc import Iterable

from custom_tables import create_custom_table
from google.protobuf import json_format
from rapport.tables.v1 import row_pb2, table_service_pb2, table_service_pb2_grpc

from .shop import Shop


class Orders:
    """An order for each of these customers."""

    def __init__(self, shop: Shop, customers: Iterable[int]) -> None:
        self._tables = table_service_pb2_grpc.TableServiceStub(shop.channel)
        definition = {
            "displayName": "Orders",
            "type": "CUSTOM_TABLE_TYPE_INTERACTIONS",
            "profileTable": shop.table,
            "profileLink": {"id": "customer", "keyAttribute": "customerCode"},
            "columns": [{"id": "time", "type": "FIELD_TYPE_TIMESTAMP", "required": True}],
            "timeColumn": "time",
        }
        self.table = create_custom_table(self._tables, shop.entity, "orders", definition)
        for number in customers:
            self.add(number)

    def add(self, number: int) -> None:
        """One more."""
        values = {"customer": {"stringValue": f"{number:05}"}, "time": {"timestampValue": "2026-01-01T00:00:00Z"}}
        row = json_format.ParseDict({"values": values}, row_pb2.Row())
        self._tables.CreateRow(table_service_pb2.CreateRowRequest(parent=self.table, row=row))

    def count(self) -> int:
        """How many there are."""
        return len(self._tables.ListRows(table_service_pb2.ListRowsRequest(parent=self.table, page_size=500)).rows)
