"""The audit trail: entries that are added and never changed, each bound to the one before."""

from webhooks.audit.chain import record

__all__ = ["record"]
