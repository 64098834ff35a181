"""The tables that are sealed, and which of their columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from webhooks.models import Attempt, ErasureRequest, Refusal, Replay, SuppressedId, WebhookEvent


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table whose rows are added and keep what is in the `fixed` columns.

    Only `amend` may account for a rewrite of the `erasable` ones. `proven` is a pair: an erasable
    column of bytes, and the fixed one that holds its SHA-256. Findings name a row by its key and
    by `named_by`; `dated_by` is the column with its time.
    """

    model: type[Model]
    fixed: tuple[str, ...]
    named_by: str
    dated_by: str
    erasable: tuple[str, ...] = ()
    proven: tuple[str, str] | None = None

    @property
    def label(self) -> str:
        """The name of the table in seals and findings."""
        return self.model._meta.label_lower

    @property
    def rows(self) -> QuerySet[Any]:
        """All rows, those included that the default manager hides."""
        return self.model._base_manager.all()


_tables: dict[str, SealedTable] = {}


def declare(table: SealedTable) -> None:
    """Seal a table from now on. Call it when the table's app is ready."""
    _tables[table.label] = table


def tables() -> Iterable[SealedTable]:
    """Return every sealed table, in the order in which they were declared."""
    return _tables.values()


def table_of(model: type[Model]) -> SealedTable:
    """Return the declaration of a model's table. Raises `LookupError` when it isn't sealed."""
    try:
        return _tables[model._meta.label_lower]
    except KeyError:
        raise LookupError(f"{model._meta.label} is not among the sealed tables") from None


# Status and counters are left out of both: they change with every attempt, and the attempts are
# sealed themselves.
declare(
    SealedTable(
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
        # The body needs no hash of its own while it is there: its SHA-256 is among the fixed.
        proven=("body", "sha256"),
    )
)
declare(
    SealedTable(
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
        # Handlers' errors may quote the customer.
        erasable=("handlers", "error"),
    )
)
# Attempts say which request they were made for, and it alone says whose it was. Its reason is left
# out, as its words may be erased, and so is how far it came.
declare(
    SealedTable(
        Replay,
        fixed=("trigger", "actor", "force", "selection", "created_at"),
        named_by="trigger",
        dated_by="created_at",
    )
)
# `finished_at` is left out: it is emptied whenever more of the person's becomes known.
declare(
    SealedTable(
        ErasureRequest,
        fixed=("provider", "account", "livemode", "customer_id", "actor", "begun_at"),
        named_by="customer_id",
        dated_by="begun_at",
    )
)
# Sealed although each has an HMAC: that tells nothing of one that was deleted, and whatever comes
# in of the person afterwards would be stored as it is.
declare(
    SealedTable(
        SuppressedId,
        fixed=("erasure_id", "provider", "account", "livemode", "object_id"),
        named_by="object_id",
        dated_by="erasure__begun_at",
    )
)
# Else whoever is kept out could take back what tells of the attempt. What identifies the sender is
# erasable; rows go after 90 days, on record.
declare(
    SealedTable(
        Refusal,
        fixed=("recorded_at", "endpoint", "code", "sha256", "weight"),
        named_by="code",
        dated_by="recorded_at",
        erasable=("client", "user_agent"),
    )
)
