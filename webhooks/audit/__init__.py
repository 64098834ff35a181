"""The audit trail: a hash chain of append-only entries, each with the HMAC of the one before.

Seals extend it to the rows of other tables: an entry commits to keyed hashes of these rows, so
that altering or deleting one of them is found too.
"""

from webhooks.audit.amendments import amend, remove
from webhooks.audit.chain import NOT_RECORDABLE, HeadLost, record, subject_of
from webhooks.audit.entry_verification import all_intact, find_intact, verify_entry
from webhooks.audit.erasures import beginning, beginning_of, is_signed, sign
from webhooks.audit.exports import VERIFIER, export
from webhooks.audit.holding import Held, hold
from webhooks.audit.keys import keyed_hash
from webhooks.audit.report import Anchor, Finding, VerificationReport
from webhooks.audit.row_verification import MAX_COUNTED, unsealed
from webhooks.audit.sealed_tables import SealedTable, declare
from webhooks.audit.seals import current_anchor, seal, seal_until, sealed_up_to
from webhooks.audit.settings_changes import changed_at, note_settings
from webhooks.audit.verification import note_verification, verify

__all__ = [
    "MAX_COUNTED",
    "NOT_RECORDABLE",
    "VERIFIER",
    "Anchor",
    "Finding",
    "HeadLost",
    "Held",
    "SealedTable",
    "VerificationReport",
    "all_intact",
    "amend",
    "beginning",
    "beginning_of",
    "changed_at",
    "current_anchor",
    "declare",
    "export",
    "find_intact",
    "hold",
    "is_signed",
    "keyed_hash",
    "note_settings",
    "note_verification",
    "record",
    "remove",
    "seal",
    "seal_until",
    "sealed_up_to",
    "sign",
    "subject_of",
    "unsealed",
    "verify",
    "verify_entry",
]
