"""The audit trail: entries that are added and never changed, each bound to the one before.

Seals bind the rows of other tables to it, so that altering or deleting one of these shows too.
"""

from webhooks.audit.amendments import amend, remove
from webhooks.audit.chain import HeadLost, record, subject_of
from webhooks.audit.configuration import note_settings
from webhooks.audit.entries import fits
from webhooks.audit.exports import VERIFIER, export
from webhooks.audit.findings import Anchor, Report
from webhooks.audit.holdings import COUNTED, unsealed
from webhooks.audit.keys import keyed_hash
from webhooks.audit.seals import anchor, seal, seal_until, sealed_up_to
from webhooks.audit.tables import Table, declare
from webhooks.audit.verifying import verify

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
