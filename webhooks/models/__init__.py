"""The tables: events and refusals, replays and reconciliations, attempts, heartbeats, alerts,
tokens, the audit trail, and whose data was erased."""

from webhooks.models.alerts import Alert, AlertMessage, AlertWatch, ApiVersion
from webhooks.models.append_only import AppendOnlyError
from webhooks.models.attempts import Attempt
from webhooks.models.audit import AuditEntry, AuditHead, AuditReason, AuditVerification, Seal
from webhooks.models.erasures import ErasureRequest, SuppressedId
from webhooks.models.events import FETCHED, EventQuerySet, WebhookEvent
from webhooks.models.heartbeats import Heartbeat
from webhooks.models.reconciliations import Reconciliation
from webhooks.models.refusals import Refusal
from webhooks.models.replays import Replay, Trigger
from webhooks.models.tokens import ApiToken, Scope

__all__ = [
    "FETCHED",
    "Alert",
    "AlertMessage",
    "AlertWatch",
    "ApiToken",
    "ApiVersion",
    "AppendOnlyError",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "AuditReason",
    "AuditVerification",
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
