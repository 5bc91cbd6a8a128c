"""The steps of the story, in order. Each does its part by the command line and checks what came of it."""

from .answering import answer_the_form
from .beginning import import_customers, import_orders, make_customers, make_entities_and_keys, make_orders, make_stores
from .campaigns import read_and_unsubscribe, send_come_back, target_lapsed_readers
from .isolation import look_from_the_other_entity
from .scenarios import list_the_timeline, make_thank_you, reward_a_big_order, see_what_win_back_began, welcome_by_a_call
from .scene import Step

STEPS = [
    Step("access", "Entities b2c and b2b, and a key for each", ("gateway",), make_entities_and_keys),
    Step("stores", "A repository of 12 stores", ("datatables",), make_stores),
    Step("customers", "A profile table of customers", ("profiles",), make_customers),
    Step("orders", "A table of orders", ("datatables",), make_orders),
    Step("customers-import", "The customers, from a CSV file with a broken line", ("profiles",), import_customers),
    Step("orders-import", "Their orders, from a CSV file with a broken line", ("datatables",), import_orders),
    Step(
        "targeting",
        "A targeting across profiles and orders, counted and exported",
        ("profiles", "datatables"),
        target_lapsed_readers,
    ),
    Step(
        "campaign",
        "A mass e-mail campaign in two languages",
        ("profiles", "datatables", "messaging"),
        send_come_back,
    ),
    Step(
        "recipients",
        "One recipient reads and clicks, another unsubscribes",
        ("profiles", "datatables", "messaging"),
        read_and_unsubscribe,
    ),
    Step("thank-you", "An ongoing campaign to thank with", ("automation", "messaging"), make_thank_you),
    Step("form", "A form, answered by a profile, by anybody and by call", ("forms",), answer_the_form),
    Step("big-order", "An order over 200, and the VIP that it makes", ("automation", "datatables"), reward_a_big_order),
    Step("welcome", "A call that creates a profile and sends to it", ("automation", "messaging"), welcome_by_a_call),
    Step(
        "win-back-executions", "What the answers set off", ("automation", "forms", "messaging"), see_what_win_back_began
    ),
    Step(
        "timeline",
        "The timeline of the profile that answered",
        ("automation", "datatables", "forms", "messaging"),
        list_the_timeline,
    ),
    Step("other-entity", "What the key of b2b sees of it", ("profiles",), look_from_the_other_entity),
]
