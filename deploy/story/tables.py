"""Tables of the story: files that are imported, and what is stored held against what was sent."""

import csv
import datetime
import pathlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from .client import Rapport
from .scene import StoryWentWrong, expect


def import_file(
    client: Rapport, noun: str, table: str, file: pathlib.Path, key: str, refused: list[dict[str, Any]]
) -> None:
    """Imports the file. The same file imported again, after an interruption, goes on where it stopped."""
    words = [noun, "import", table, str(file), "--key", key, "--source", "story", "--request-id", f"story-{file.stem}"]
    done = client(*words)
    progress = done["progress"]
    with open(file, encoding="utf-8") as lines:
        sent = sum(1 for _ in lines) - 1
    expect(f"state of the import of {file.name}", progress["state"], "IMPORT_STATE_SUCCEEDED")
    expect(f"lines of {file.name} settled", int(progress["settledLines"]), sent)
    expect(f"lines of {file.name} refused", int(progress.get("refusedLines", 0)), len(refused))
    if refused:
        lines_ = client(noun, "refused-lines", done["name"])["lines"]
        expect(f"what is wrong with {file.name}", [_place(line) for line in lines_], [_place(line) for line in refused])
        if not all(line.get("reason") for line in lines_):
            raise StoryWentWrong(f"A refused line of {file.name} has no reason.")


def _place(line: dict[str, Any]) -> tuple[int, str]:
    return int(line["line"]), line["column"]


def compare_export(
    client: Rapport, noun: str, table: str, columns: list[str], sent: Iterable[dict[str, str]], folder: pathlib.Path
) -> int:
    """Exports the table and holds every value against what was sent. Returns the number of lines."""
    name = table.rpartition("/")[2]
    file = folder / f"{name}.exported.csv"
    client(noun, "export", table, "--fields", ",".join(columns), "--file", str(file))
    found = {row[columns[0]]: _meaning(row, columns) for row in read_rows(file)}
    expected = {row[columns[0]]: _meaning(row, columns) for row in sent}
    expect(f"number of {name} stored", len(found), len(expected))
    wrong = [key for key, row in expected.items() if found.get(key) != row]
    if wrong:
        raise StoryWentWrong(
            f"{len(wrong)} of {name} are not stored as sent: one is {found.get(wrong[0])}, sent as {expected[wrong[0]]}"
        )
    return len(found)


def read_rows(file: pathlib.Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, by column."""
    with open(file, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _meaning(row: dict[str, str], columns: list[str]) -> list[Any]:
    """The row's values, so that 5.50 is 5.5 and a moment is one in every zone."""
    return [_value(name, row[name]) for name in columns]


def _value(column: str, text: str) -> Any:
    match column:
        case "amount":
            return Decimal(text)
        case "time":
            return datetime.datetime.fromisoformat(text)
        case _:
            return text
