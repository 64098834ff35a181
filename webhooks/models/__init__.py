"""What was received, who asked for it again, each try at it, the API's keys, the audit trail."""

from webhooks.models.append_only import AppendOnlyError
from webhooks.models.audit import AuditEntry, AuditHead, Seal
from webhooks.models.events import FETCHED, Attempt, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.models.reconciliations import Reconciliation
from webhooks.models.tokens import ApiToken, Scope

__all__ = [
    "FETCHED",
    "ApiToken",
    "AppendOnlyError",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "EventQuerySet",
    "Reconciliation",
    "Replay",
    "Scope",
    "Seal",
    "Trigger",
    "WebhookEvent",
]
