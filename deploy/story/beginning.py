"""The story begins: entities and keys, tables, and all that is imported."""

import json

from . import data
from .names import CUSTOMERS, DEFINITIONS, ORDERS, STORES, definition
from .scene import Scene, StoryWentWrong, expect
from .tables import compare_export, import_file


def make_entities_and_keys(scene: Scene) -> None:
    """Two entities, and a key for each that sees nothing of the other."""
    admin = scene.client("administrator")
    own = {"entities/b2b", "entities/b2c"}

    def names() -> set[str]:
        return {entity["name"] for entity in admin("entities", "list").get("entities", [])}

    if others := names() - own:
        raise StoryWentWrong(
            f"the suite holds {', '.join(sorted(others))}, and the story wants it for itself. Start with --empty, or"
            " name a new folder with --data"
        )
    admin.ensure("entities", "create", "b2c", "--display-name", "Consumers", "--time-zone", "Europe/Brussels")
    admin.ensure("entities", "create", "b2b", "--display-name", "Companies", "--time-zone", "Europe/Brussels")
    for entity in ("b2c", "b2b"):
        rights = ("write", "launch", "export")
        grants = [word for right in rights for word in ("--grant", f"{entity}:all:{right}")]
        made = admin("keys", "create", "--display-name", f"Story of {entity}", *grants)
        scene.keep_key(entity, made["secret"])
    expect("entities", names(), own)


def make_stores(scene: Scene) -> None:
    """A repository of stores, which profiles and orders refer to."""
    b2c = scene.client("b2c")
    b2c.ensure("rows", "tables", "create", "entities/b2c", "stores", "--file", definition("stores"))
    import_file(b2c, "rows", STORES, scene.files / "stores.csv", "code", refused=[])
    compare_export(b2c, "rows", STORES, data.STORE_COLUMNS, data.store_rows(), scene.files)


def make_customers(scene: Scene) -> None:
    """The company's own table of profiles."""
    definition = json.loads((DEFINITIONS / "customers.json").read_text(encoding="utf-8"))
    if not scene.has("datatables"):
        del definition["references"]
    file = scene.files / "customers.json"
    file.write_text(json.dumps(definition), encoding="utf-8")
    scene.client("b2c").ensure("profiles", "tables", "create", "entities/b2c", "customers", "--file", str(file))


def make_orders(scene: Scene) -> None:
    """The table of what customers bought."""
    scene.client("b2c").ensure("rows", "tables", "create", "entities/b2c", "orders", "--file", definition("orders"))


def import_customers(scene: Scene) -> None:
    """23,570 profiles, one line refused, and what is stored is what was sent."""
    b2c = scene.client("b2c")
    import_file(b2c, "profiles", CUSTOMERS, scene.files / "customers.csv", "customerCode", [data.BROKEN_CUSTOMER])
    sent = (row | {"tier": row["tier"] or "bronze"} for row in data.customer_rows(scene.source))
    count = compare_export(b2c, "profiles", CUSTOMERS, scene.customer_columns, sent, scene.files)
    scene.figures["profiles"] = count
    scene.figures["refusedLines"] = scene.figures.get("refusedLines", 0) + 1


def import_orders(scene: Scene) -> None:
    """69,659 orders, one line refused, and what is stored is what was sent."""
    b2c = scene.client("b2c")
    import_file(b2c, "rows", ORDERS, scene.files / "orders.csv", "orderCode", [data.BROKEN_ORDER])
    # The customer is sent as a code and comes back as the profile's number: compared by the time line's step.
    columns = [name for name in data.ORDER_COLUMNS if name != "customer"]
    count = compare_export(b2c, "rows", ORDERS, columns, data.order_rows(scene.source), scene.files)
    scene.figures["interactions"] = count
    scene.figures["refusedLines"] = scene.figures.get("refusedLines", 0) + 1
