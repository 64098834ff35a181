"""Declares the tables of billing that are sealed in the audit trail."""

from billing.models import BillingChange
from webhooks import audit

CHANGES = audit.SealedTable(
    BillingChange,
    fixed=(
        "provider",
        "account",
        "livemode",
        "event_id",
        "event_type",
        "object_type",
        "provider_id",
        "source",
        "verdict",
        "reason",
        "created_at",
    ),
    # Facts may be personal data: erasing them must leave the seal on the rest intact.
    erasable=("fields",),
    named_by="event_id",
    dated_by="created_at",
)

audit.declare(CHANGES)
