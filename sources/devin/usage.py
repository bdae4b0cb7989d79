"""What became of the tables beside the sessions: what came, and what could not be read."""

import logging
from dataclasses import asdict, dataclass, field
from typing import Any

from . import errors

log = logging.getLogger("devin.usage")


@dataclass(frozen=True)
class Denied:
    """What the token may not read, or the API does not have.

    Attributes:
        table: Name of the table that it would fill.
        org_id: The organisation; empty for the enterprise.
        permission: The permission to ask for; None where that is not it.
        message: What the API said.
    """

    table: str
    org_id: str
    permission: str | None
    message: str

    @property
    def what(self) -> str:
        """The table, and the organisation where it is of one."""
        return f"{self.table} of {self.org_id}" if self.org_id else self.table

    def __str__(self) -> str:
        """What it is, and what to ask for."""
        needs = f"needs {self.permission}" if self.permission else self.message
        return f"{self.what}: {needs}"


@dataclass
class Usage:
    """What a reading did.

    Attributes:
        rows: Rows that were sent to each table, by its name.
        denied: What could not be read, and has nothing in its place.
        failures: What failed otherwise, by the name of the part.
    """

    rows: dict[str, int] = field(default_factory=dict)
    denied: list[Denied] = field(default_factory=list)
    failures: dict[str, errors.DevinError] = field(default_factory=dict)

    @property
    def failure(self) -> errors.DevinError | None:
        """What to raise at the end; None if nothing failed."""
        return errors.TablesFailed(self.failures) if self.failures else None

    def as_json(self) -> dict[str, Any]:
        """The result as JSON can hold it."""
        return {"rows": self.rows, "denied": [asdict(each) for each in self.denied]}

    def count(self, table: str, rows: int) -> None:
        """Add rows that were sent to a table."""
        self.rows[table] = self.rows.get(table, 0) + rows

    def deny(self, denied: Denied) -> None:
        """Tell, and take note of, what could not be read."""
        self.denied.append(denied)
        told = {"table": denied.table, "org_id": denied.org_id, "permission": denied.permission}
        log.warning("not read: %s", denied, extra={"event": "denied", **told})

    def complain(self) -> None:
        """Tell what failed where nobody raises it."""
        for name, error in self.failures.items():
            log.warning("%s could not be read: %s", name, error, extra={"event": "failed"})
