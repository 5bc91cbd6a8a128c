"""The story ends: the other entity sees nothing of it."""

import json
from collections.abc import Iterator

from .client import CallFailed, Rapport
from .names import BIG_ORDER, COME_BACK, CUSTOMERS, LAPSED_READERS, ORDERS, STORES, THAT_PROFILE, WIN_BACK, definition
from .scene import Scene, expect


def look_from_the_other_entity(scene: Scene) -> None:
    """The key of `b2b` sees nothing of `b2c` and changes nothing there."""
    b2b = scene.client("b2b")
    leaks = [words for words in _foreign_calls(scene) if not _is_not_found(b2b, words)]
    leaks += [words for words in _foreign_lists(scene) if any(b2b(*words).values())]
    if leaks:
        scene.tell("\n".join(f"  LEAK: rapport {' '.join(words)}" for words in leaks))
    scene.figures["leaksToOtherEntity"] = len(leaks)
    expect("leaks to the other entity", len(leaks), 0)


def _foreign_calls(scene: Scene) -> Iterator[list[str]]:
    """Every read and write of the story's resources: each must answer NOT_FOUND."""
    kinds = [("profiles", CUSTOMERS, f"{CUSTOMERS}/profiles/customerCode=00001", "firstName")]
    if scene.has("datatables"):
        kinds += [
            ("rows", STORES, f"{STORES}/rows/code=S01", "city"),
            ("rows", ORDERS, f"{ORDERS}/rows/orderCode=1", "amount"),
        ]
    yield ["entities", "get", "entities/b2c"]
    for noun, table, item, column in kinds:
        values = json.dumps({"fields" if noun == "profiles" else "values": {column: {"stringValue": "x"}}})
        yield [noun, "tables", "get", table]
        yield [noun, "tables", "list", "entities/b2c"]
        yield [noun, "tables", "delete", table, "--force"]
        yield [noun, "list", table]
        yield [noun, "get", item]
        yield [noun, "export", table, "--file", str(scene.files / "stolen.csv")]
        yield [noun, "imports", "list", table]
        yield [noun, "create", table, "--data", values]
        yield [noun, "upsert", item, "--data", values]
        yield [noun, "update", item, "--data", values]
        yield [noun, "delete", item]
        yield [noun, "import", table, str(scene.files / "customers.csv"), "--key", "customerCode"]
    if scene.has("datatables"):
        yield ["targetings", "get", LAPSED_READERS]
        yield ["targetings", "count", LAPSED_READERS]
        yield ["targetings", "delete", LAPSED_READERS]
        yield ["targetings", "export", LAPSED_READERS, "--file", str(scene.files / "stolen.csv")]
        yield ["timeline", f"{CUSTOMERS}/profiles/customerCode=00001"]
    if scene.has("automation"):
        yield ["scenarios", "get", BIG_ORDER]
        yield ["scenarios", "list", "entities/b2c"]
        yield ["scenarios", "pause", BIG_ORDER]
        yield ["scenarios", "activate", BIG_ORDER]
        yield ["scenarios", "delete", BIG_ORDER]
        yield ["scenarios", "create", "entities/b2c", "stolen", "--file", definition("big-order")]
        yield ["scenarios", "executions", BIG_ORDER]
        yield ["scenarios", "call", BIG_ORDER, "--profile", f"{CUSTOMERS}/profiles/customerCode=00001"]
    if scene.has("forms"):
        yield ["forms", "get", WIN_BACK]
        yield ["forms", "close", WIN_BACK]
        yield ["forms", "delete", WIN_BACK]
        yield ["forms", "link", WIN_BACK, "--profile", THAT_PROFILE]
        yield ["forms", "participations", "list", WIN_BACK]
        yield ["forms", "participations", "get", f"{WIN_BACK}/participations/1"]
        yield ["forms", "participations", "push", WIN_BACK, "--data", '{"answers":{}}']
    if scene.has("messaging"):
        for word in ("get", "launch", "pause", "resume", "cancel", "report", "messages", "delete"):
            yield ["campaigns", word, COME_BACK]
        yield ["campaigns", "preview", COME_BACK, "--profile", f"{CUSTOMERS}/profiles/customerCode=00001"]
        yield ["senders", "get", "entities/b2c/senders/shop"]
        yield ["senders", "delete", "entities/b2c/senders/shop"]


def _foreign_lists(scene: Scene) -> Iterator[list[str]]:
    """Lists over every entity that the caller may see: each must be empty."""
    yield ["profiles", "tables", "list", "entities/-"]
    if scene.has("datatables"):
        yield ["rows", "tables", "list", "entities/-"]
        yield ["targetings", "list", "entities/-"]
    if scene.has("automation"):
        yield ["scenarios", "list", "entities/-"]
    if scene.has("forms"):
        yield ["forms", "list", "entities/-"]
    if scene.has("messaging"):
        yield ["campaigns", "list", "entities/-"]
        yield ["senders", "list", "entities/-"]


def _is_not_found(client: Rapport, words: list[str]) -> bool:
    try:
        client(*words)
    except CallFailed as failure:
        return failure.code == "NOT_FOUND"
    return False
