"""Which tables are sealed, and what of their rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from webhooks.models import Attempt, WebhookEvent


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows are added and keep what is in the `fixed` columns.

    What is in the `erasable` ones may be rewritten by `amend` alone. `proven` is such a column, of
    bytes, and the fixed one with their SHA-256. A row is told by its key and by `named_by`, and
    dates from `dated_by`.
    """

    model: type[Model]
    fixed: tuple[str, ...]
    named_by: str
    dated_by: str
    erasable: tuple[str, ...] = ()
    proven: tuple[str, str] | None = None

    @property
    def label(self) -> str:
        """What a seal calls the table."""
        return self.model._meta.label_lower

    @property
    def rows(self) -> QuerySet[Any]:
        """All of its rows."""
        return self.model._base_manager.all()


_tables: dict[str, Table] = {}


def declare(table: Table) -> None:
    """Have a table sealed from now on. Call it when the table's app is ready."""
    _tables[table.label] = table


def tables() -> Iterable[Table]:
    """Every sealed table, in the order of their declaration."""
    return _tables.values()


def table_of(model: type[Model]) -> Table:
    """The declaration of a model's table. Raises `LookupError` when it isn't sealed."""
    try:
        return _tables[model._meta.label_lower]
    except KeyError:
        raise LookupError(f"{model._meta.label} is not among the sealed tables") from None


declare(
    Table(
        WebhookEvent,
        fixed=(
            "provider",
            "event_id",
            "endpoint",
            "type",
            "object_type",
            "object_id",
            "customer_id",
            "account",
            "livemode",
            "api_version",
            "provider_created_at",
            "sha256",
            "secret_id",
            "received_at",
        ),
        named_by="event_id",
        dated_by="received_at",
        proven=("body", "sha256"),
    )
)
declare(
    Table(
        Attempt,
        fixed=(
            "event_id",
            "number",
            "trigger",
            "replay_id",
            "started_at",
            "duration_ms",
            "outcome",
        ),
        named_by="event__event_id",
        dated_by="started_at",
        erasable=("handlers", "error"),
    )
)
