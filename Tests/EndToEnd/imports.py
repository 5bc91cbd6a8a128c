"""What the tests of profiles share: a table, and imports whose every chunk the test can watch."""

import csv
import io
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator

import grpc
from google.protobuf import json_format
from rapport.profiles.v1 import import_pb2, profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from rapport.type.v1 import import_pb2 as type_import_pb2
from story.data import OWN_CUSTOMER_COLUMNS

COLUMNS = OWN_CUSTOMER_COLUMNS

_DEFINITIONS = pathlib.Path(__file__).parents[2] / "deploy/story/definitions"


def profiles(channel: grpc.Channel) -> profile_service_pb2_grpc.ProfileServiceStub:
    """The client of the profiles."""
    return profile_service_pb2_grpc.ProfileServiceStub(channel)


def customers_definition() -> profile_table_pb2.ProfileTable:
    """The story's table, without what needs other tables."""
    definition = json.loads((_DEFINITIONS / "customers.json").read_text(encoding="utf-8"))
    del definition["references"]
    return json_format.ParseDict(definition, profile_table_pb2.ProfileTable())


def make_customers(channel: grpc.Channel, entity: str) -> str:
    """Creates the story's table in `entity` and returns its name."""
    made = profiles(channel).CreateProfileTable(
        profile_service_pb2.CreateProfileTableRequest(
            parent=entity, profile_table_id="customers", profile_table=customers_definition()
        )
    )
    return made.name


def csv_file(columns: list[str], rows: Iterable[dict[str, str]]) -> bytes:
    """The file's bytes."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def import_file(
    channel: grpc.Channel,
    table: str,
    file: bytes,
    *,
    key: str = "customerCode",
    resume: import_pb2.ProfileImport | None = None,
    chunk: int = 65_536,
    on_chunk: Callable[[int], None] = lambda _: None,
) -> import_pb2.ProfileImport:
    """Streams `file` into `table`, calling `on_chunk` with each chunk's number before it goes out."""
    if resume:
        start = profile_service_pb2.ImportProfilesStart(resume=resume.name)
        file = file[resume.progress.settled_bytes :]
    else:
        start = profile_service_pb2.ImportProfilesStart(
            parent=table, settings=type_import_pb2.ImportSettings(key=key, source="test")
        )

    def parts() -> Iterator[profile_service_pb2.ImportProfilesRequest]:
        yield profile_service_pb2.ImportProfilesRequest(start=start)
        for number, begin in enumerate(range(0, len(file), chunk)):
            on_chunk(number)
            yield profile_service_pb2.ImportProfilesRequest(chunk=file[begin : begin + chunk])

    return profiles(channel).ImportProfiles(parts())


def latest_import(channel: grpc.Channel, table: str) -> import_pb2.ProfileImport | None:
    """The import that was begun last."""
    request = profile_service_pb2.ListProfileImportsRequest(parent=table, page_size=1)
    return next(iter(profiles(channel).ListProfileImports(request).imports), None)


def refused_lines(channel: grpc.Channel, of: import_pb2.ProfileImport) -> list[type_import_pb2.RefusedLine]:
    """The lines that the import refused."""
    return list(profiles(channel).ListRefusedLines(profile_service_pb2.ListRefusedLinesRequest(parent=of.name)).lines)


def export(channel: grpc.Channel, table: str, columns: list[str]) -> list[dict[str, str]]:
    """All profiles of `table`, with their number as `id`."""
    request = profile_service_pb2.ExportProfilesRequest(parent=table, fields=columns)
    file = b"".join(part.chunk for part in profiles(channel).ExportProfiles(request))
    return list(csv.DictReader(io.StringIO(file.decode(), newline="")))


def stored_as_sent(row: dict[str, str]) -> dict[str, str]:
    """How a line of customers.csv reads once it is stored: the mandatory segment has its default."""
    return {name: row[name] for name in OWN_CUSTOMER_COLUMNS} | {"tier": row["tier"] or "bronze"}
