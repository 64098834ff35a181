"""The audit trail: entries that are added and never changed, each bound to the one before."""

from webhooks.audit.amendments import amend
from webhooks.audit.chain import record
from webhooks.audit.keys import keyed_hash

__all__ = ["amend", "keyed_hash", "record"]
