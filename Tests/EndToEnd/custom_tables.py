"""Custom tables that tests make."""

from typing import Any

from google.protobuf import json_format
from rapport.tables.v1 import custom_table_pb2, table_service_pb2, table_service_pb2_grpc


def create_custom_table(
    tables: table_service_pb2_grpc.TableServiceStub, entity: str, table_id: str, definition: dict[str, Any]
) -> str:
    """Makes a table that proto3 JSON defines; gives its name."""
    table = json_format.ParseDict(definition, custom_table_pb2.CustomTable())
    request = table_service_pb2.CreateCustomTableRequest(parent=entity, custom_table_id=table_id, custom_table=table)
    return tables.CreateCustomTable(request).name
