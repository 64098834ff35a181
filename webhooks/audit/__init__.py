"""The audit trail: entries that are added and never changed, each bound to the one before.

Seals bind the rows of other tables to it, so that altering or deleting one of these shows too.
"""

from webhooks.audit.amendments import amend, remove
from webhooks.audit.chain import HeadLost, record, subject_of
from webhooks.audit.chain_verification import fits
from webhooks.audit.exports import VERIFIER, export
from webhooks.audit.keys import keyed_hash
from webhooks.audit.report import Anchor, Report
from webhooks.audit.row_verification import COUNTED, unsealed
from webhooks.audit.sealed_tables import Table, declare
from webhooks.audit.seals import anchor, seal, seal_until, sealed_up_to
from webhooks.audit.settings_changes import note_settings
from webhooks.audit.verification import verify

__all__ = [
    "COUNTED",
    "VERIFIER",
    "Anchor",
    "HeadLost",
    "Report",
    "Table",
    "amend",
    "anchor",
    "declare",
    "export",
    "fits",
    "keyed_hash",
    "note_settings",
    "record",
    "remove",
    "seal",
    "seal_until",
    "sealed_up_to",
    "subject_of",
    "unsealed",
    "verify",
]
