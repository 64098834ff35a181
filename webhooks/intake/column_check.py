"""A system check of the event's columns, most of which one raw statement fills."""

from typing import Any

from django.core.checks import CheckMessage, Error

from webhooks.intake.record import COLUMNS
from webhooks.models import WebhookEvent


def check_event_columns(**_: Any) -> list[CheckMessage]:
    """Name the columns of the event that would get no value when an event is recorded.

    A `default` of the model does not help: the statement knows nothing of it.
    """
    return [
        Error(
            f"WebhookEvent.{field.name} has no default in the database, and recording an event "
            "does not fill it: every delivery would fail.",
            hint=f"Give {field.name} a db_default, or null=True.",
            id="webhooks.E013",
        )
        for field in WebhookEvent._meta.concrete_fields
        if not (field.primary_key or field.null or field.has_db_default())
        and field.column not in COLUMNS
    ]
