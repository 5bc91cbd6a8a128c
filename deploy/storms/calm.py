"""After the storm: waits until everything that was begun has come to its end."""

import itertools
import time

from .database import Database

# What rests until a time that would make the storm wait is due now, as if that time had passed: deferred messages (a
# minute and more), steps and writes that found a peer away, and what a copy that was killed had taken on (30 s, 60 s).
_TIME_PASSES = [
    "UPDATE messaging.messages SET due_at = now() WHERE state = 1 AND due_at > now() AND attempts > 0",
    "UPDATE automation.executions SET wake_at = now() WHERE wake_at > now() AND attempts > 0",
    "UPDATE automation.executions SET leased_until = now() WHERE leased_until > now() + interval '1 second'",
    "UPDATE automation.arrivals SET wake_at = now() WHERE wake_at > now() AND attempts > 0",
    "UPDATE automation.arrivals SET leased_until = now() WHERE leased_until > now() + interval '1 second'",
    "UPDATE forms.enrichments SET due_at = now() WHERE due_at > now()",
]

# What must come to nothing, by name.
_UNDONE = {
    "messages not settled": "SELECT count(*) FROM messaging.messages WHERE state = 1",
    "messages in hand": "SELECT count(*) FROM messaging.in_hand",
    "audiences not gathered": "SELECT count(*) FROM messaging.campaigns WHERE is_gathering",
    "arrivals not looked at": "SELECT count(*) FROM automation.arrivals",
    "executions not ended": "SELECT count(*) FROM automation.executions WHERE ended_at IS NULL",
    "enrichments not written": "SELECT count(*) FROM forms.enrichments",
    "events not numbered by profiles": "SELECT count(*) FROM profiles.log_outbox",
    "events not numbered by datatables": "SELECT count(*) FROM datatables.log_outbox",
    "events not numbered by forms": "SELECT count(*) FROM forms.log_outbox",
}

# Who follows whom: the followed service's schema is the last part of the follower's name.
FOLLOWERS = [(schema, f"{schema}/profiles") for schema in ("datatables", "messaging", "forms", "automation")]
FOLLOWERS += [("automation", "automation/datatables"), ("automation", "automation/forms")]


def behind(database: Database) -> dict[str, int]:
    """The partitions in which each follower is not at the head of the log that it follows."""
    found = {}
    for schema, follower in FOLLOWERS:
        followed = follower.rpartition("/")[2]
        found[f"{follower} behind"] = database.number(f"""
            SELECT count(*)
            FROM {followed}.log_partitions AS log
            LEFT JOIN {schema}.followed_partitions AS mine
              ON mine.partition = log.partition AND mine.follower = '{follower}'
            WHERE log.last <> coalesce(mine.position, 0)""")
    return found


def wait_for_calm(database: Database, seconds: float) -> dict[str, int]:
    """Returns what is still undone, by name, as soon as there is nothing, or behind so many seconds."""
    deadline = time.monotonic() + seconds
    for round_ in itertools.count():
        undone = {name: database.number(sql) for name, sql in _UNDONE.items()} | behind(database)
        undone = {name: count for name, count in undone.items() if count}
        if not undone or time.monotonic() > deadline:
            return undone
        # Not at every look: what is being done just now needs its lease.
        if round_ % 10 == 0:
            for sql in _TIME_PASSES:
                database.ask(sql)
        time.sleep(0.3)
    return {}
