"""What PostgreSQL calls what users call something else: for the SQL that a row is compared with."""

from dataclasses import dataclass

from supervisor.suite import Suite

from .running import sql


@dataclass(frozen=True)
class Physical:
    """Where PostgreSQL keeps a user's table: its name there, and its columns' by the fields'."""

    table: str
    columns: dict[str, str]

    def all_columns(self, suite: Suite) -> list[str]:
        """Those of the fields and those beside them, in their order."""
        schema, _, table = self.table.partition(".")
        names = f"WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position"
        return sql(suite, f"SELECT column_name FROM information_schema.columns {names}").splitlines()

    @classmethod
    def of_profiles(cls, suite: Suite, name: str) -> "Physical":
        """Of the profile table of this id in the story's entity."""
        return cls._find(suite, "profiles", "profile_tables", name)

    @classmethod
    def of_rows(cls, suite: Suite, name: str) -> "Physical":
        """Of the custom table of this id in the story's entity. Its column of the profile is called so."""
        return cls._find(suite, "datatables", "custom_tables", name)

    @classmethod
    def _find(cls, suite: Suite, schema: str, definitions: str, name: str) -> "Physical":
        fields = f"SELECT number, array_to_string(every_id, ' ') FROM {schema}.{definitions} WHERE id = '{name}'"
        number, _, ids = sql(suite, fields).partition("|")
        return cls(f"{schema}.t{number}", {field: f"c{place}" for place, field in enumerate(ids.split(), start=1)})
