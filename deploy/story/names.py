"""What the story makes, by name, and where its definitions are."""

import pathlib

DEFINITIONS = pathlib.Path(__file__).parent / "definitions"

CUSTOMERS = "entities/b2c/profileTables/customers"
STORES = "entities/b2c/customTables/stores"
ORDERS = "entities/b2c/customTables/orders"
LAPSED_READERS = "entities/b2c/targetings/lapsed-readers"
THANK_YOU = "entities/b2c/campaigns/thank-you"
WIN_BACK_ANSWER = "entities/b2c/scenarios/win-back-answer"
BIG_ORDER = "entities/b2c/scenarios/big-order"
WELCOME = "entities/b2c/scenarios/welcome"
WIN_BACK = "entities/b2c/forms/win-back"
# The first who gets the mass campaign: reads, clicks and answers. Speaks English, as 4 divides 4.
THAT_PROFILE = f"{CUSTOMERS}/profiles/customerCode=00004"
ANOTHER_PROFILE = f"{CUSTOMERS}/profiles/customerCode=00009"
COME_BACK = "entities/b2c/campaigns/come-back"


def definition(name: str) -> str:
    """The file of a definition."""
    return str(DEFINITIONS / f"{name}.json")
