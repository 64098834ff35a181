"""The tables: events and refusals, replays and reconciliations, attempts, heartbeats, tokens, the
audit trail, and whose data was erased."""

from webhooks.models.append_only import AppendOnlyError
from webhooks.models.attempts import Attempt
from webhooks.models.audit import AuditEntry, AuditHead, AuditReason, Seal
from webhooks.models.erasures import ErasureRequest, SuppressedId
from webhooks.models.events import FETCHED, EventQuerySet, WebhookEvent
from webhooks.models.heartbeats import Heartbeat
from webhooks.models.reconciliations import Reconciliation
from webhooks.models.refusals import Refusal
from webhooks.models.replays import Replay, Trigger
from webhooks.models.tokens import ApiToken, Scope

__all__ = [
    "FETCHED",
    "ApiToken",
    "AppendOnlyError",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "AuditReason",
    "ErasureRequest",
    "EventQuerySet",
    "Heartbeat",
    "Reconciliation",
    "Refusal",
    "Replay",
    "Scope",
    "Seal",
    "SuppressedId",
    "Trigger",
    "WebhookEvent",
]
