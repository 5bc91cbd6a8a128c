"""What the workers were told is done: what must be there afterwards, exactly once."""

import threading
from dataclasses import dataclass, field


@dataclass
class Participation:
    """A participation that was taken, known by its origin."""

    origin: str
    customer: str
    reason: str
    rating: int


@dataclass
class Import:
    """An import that has ended: its name, the lines of its file, and those among them that are wrong on purpose."""

    name: str
    lines: int
    broken: list[int]


@dataclass
class Told:
    """Filled by the workers, each its own part, and read when they have ended."""

    # By customer's code, as they must stand in the database.
    customers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # By order's code: customer's code, quantity, amount.
    orders: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    # Those that came one by one, and so begin a scenario where the amount is over 200.
    single_orders: set[str] = field(default_factory=set)
    participations: list[Participation] = field(default_factory=list)
    # Codes of customers whom a call welcomed, with the name of the execution.
    welcomed: dict[str, str] = field(default_factory=dict)
    profile_imports: list[Import] = field(default_factory=list)
    row_imports: list[Import] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_customer(self, row: tuple[str, ...]) -> None:
        """A customer was written."""
        with self.lock:
            self.customers[row[0]] = row

    def add_order(self, row: dict[str, str]) -> None:
        """An order was written."""
        with self.lock:
            self.orders[row["orderCode"]] = (row["customer"], row["quantity"], row["amount"])
