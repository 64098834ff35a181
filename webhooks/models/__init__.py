"""What was received, who asked for it again, each try at it, the API's keys, the audit trail,
and whose data was erased."""

from webhooks.models.audit import AuditEntry, AuditHead
from webhooks.models.erasures import Erased, Erasure
from webhooks.models.events import FETCHED, Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.models.reconciliations import Reconciliation
from webhooks.models.tokens import ApiToken, Scope

__all__ = [
    "FETCHED",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Erased",
    "Erasure",
    "EventQuerySet",
    "Reconciliation",
    "Replay",
    "Scope",
    "Trigger",
    "WebhookEvent",
]
