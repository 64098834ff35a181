"""Erasing a person from billing's rows.

The same is left of a row as would be in it had every event been redacted before it came: so
that what comes later, or again, is weighed against it as ever.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from billing.models import BillingChange, ProviderObject
from billing.ordering import FactMap, Snapshot
from webhooks import audit
from webhooks.models import AuditEntry
from webhooks.models.audit import SYSTEM
from webhooks.privacy.identities import SHORTEST
from webhooks.privacy.meanings import is_id, is_known_by, meaning_of
from webhooks.privacy.meanings import is_personal as is_personal_key
from webhooks.privacy.redaction import code, identifier, number
from webhooks.privacy.suppression import UnprovenErasure, erasure_of_ids, learn
from webhooks.privacy.vocabularies import Vocabulary, vocabulary_of
from webhooks.privacy.vocabulary import TABLE, TYPED_CODES, Meaning

logger = logging.getLogger(__name__)

NAMING: Final = tuple(f"{key}_id" for key in TABLE[Meaning.OWNED])
"""The columns that name what is one customer's alone, as far as a row has them."""

# Made of a provider's ids, by its translator: where there are none, of several.
_MADE_OF_IDS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:~|=+/-]*")
_ERASED_TEXTS: Final = (Meaning.FREE_TEXT, Meaning.MESSAGE, Meaning.CARD)


def is_personal(kind: str, name: str) -> bool:
    """True when a fact of such an object identifies somebody, or may."""
    is_typed = name == "code" and kind in TYPED_CODES
    return is_typed or meaning_of(name) in _ERASED_TEXTS or is_personal_key(name, kind=kind)


def redact_row(row: ProviderObject) -> bool:
    """Take what identifies somebody out of a row, its snapshots included; True if any did.

    It is not saved.
    """
    current, packed = row.facts(), row.snapshots
    redacting = _Redacting(row.object_type, vocabulary_of(row.provider))
    left = redacting.facts(current)
    snapshots = [redacting.snapshot(one) for one in row.unpack_snapshots(current)]
    changed = {name for name in left if left[name] != current[name]}
    for name in changed:
        setattr(row, name, left[name])
    row.pack_snapshots(snapshots)
    is_changed: bool = bool(changed) or packed != row.snapshots
    return is_changed


@transaction.atomic
def redact_stored(subject: ProviderObject) -> bool:
    """Take what identifies somebody out of a stored row; True if any of it did."""
    rows = type(subject)._default_manager.select_for_update()
    row = rows.filter(pk=subject.pk).first()
    if row is None or not redact_row(row):
        return False
    row.save()
    return True


@transaction.atomic
def keep_erased(row: ProviderObject, made: BillingChange, *, now: datetime) -> None:
    """Redact what was just stored of an object, if it is of somebody erased."""
    # A row that names a customer is that one's, whatever else it names.
    ids = [getattr(row, "customer_id", "")]
    if not ids[0]:
        ids = list(named_by(row))
    try:
        erasure = erasure_of_ids(ids, **row.scope)
    except UnprovenErasure:
        # The answer was redacted before it was stored, and may be had again. More would spread what
        # somebody wrote into the tables: to further ids, and to the history.
        logger.exception("%s %s falls under no proven erasure", row.object_type, row.provider_id)
        return
    if erasure is None:
        return
    learn(erasure, [row.provider_id])
    redact_stored(row)
    if redact_history(made):
        # What is stored is what was found: it is held before it is saved.
        held = audit.hold({BillingChange: [made.pk]})
        made.save(update_fields=["fields"])
        audit.amend(
            AuditEntry.Action.ERASED,
            {BillingChange: [made.pk]},
            held=held,
            actor=SYSTEM,
            subject=erasure.subject,
            details={"late": True, "history": 1},
            now=now,
        )


def named_by(row: ProviderObject) -> set[str]:
    """Return the ids of what a row names that is one customer's alone, its own among them."""
    named = {str(getattr(row, column, "")) for column in NAMING}
    fits = is_id if vocabulary_of(row.provider).strict else _MADE_OF_IDS.fullmatch
    return {each for each in named if fits(each)} | {row.provider_id}


def redact_history(change: BillingChange) -> bool:
    """Take from an entry of the history what was personal; True if anything was. Not saved."""
    redacting = _Redacting(change.object_type, vocabulary_of(change.provider))
    left = {
        name: [redacting.left_in_history(name, value) for value in values]
        for name, values in change.fields.items()
    }
    is_changed: bool = left != change.fields
    change.fields = left
    return is_changed


def personal_values_of(row: ProviderObject) -> set[str]:
    """Return the texts in a row by which the person may be known elsewhere."""
    kind = row.object_type
    texts = {
        name: str(value) for name, value in row.facts().items() if is_personal_key(name, kind=kind)
    }
    # Short texts would be found in everything.
    return {
        text
        for name, text in texts.items()
        if len(text) >= SHORTEST and is_known_by(name, text, kind=kind)
    }


class _Redacting:
    """What is left of the facts of objects of a kind, as a provider's translator has made them."""

    def __init__(self, kind: str, vocabulary: Vocabulary) -> None:
        self.kind = kind
        self.vocabulary = vocabulary

    def facts(self, facts: Mapping[str, Any]) -> FactMap:
        return {name: self.fact(name, value) for name, value in facts.items()}

    def fact(self, name: str, value: Any) -> Any:
        if is_personal(self.kind, name):
            return {} if name == "metadata" else "" if isinstance(value, str) else None
        if isinstance(value, list):
            return [{key: self.fact(key, each) for key, each in one.items()} for one in value]
        return self._text(name, value) if isinstance(value, str) else value

    def left_in_history(self, name: str, value: Any) -> Any:
        return None if is_personal(self.kind, name) else self.fact(name, value)

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        before = snapshot.before
        if before is not None:
            # What is blank now and was before has not changed, so it is not told either.
            told = before.items()
            before = self.facts({k: value for k, value in told if not is_personal(self.kind, k)})
        return replace(snapshot, facts=self.facts(snapshot.facts), before=before)

    def _text(self, name: str, value: str) -> str:
        key = name.removesuffix("_id")
        # A customer's own id may be of any form, and the books are kept by it.
        if name == "customer_id" or (name in NAMING and self._is_made_of_ids(value)):
            return value
        if name in ("id", f"{key}_id"):
            # An item may have no id but that of what was bought.
            is_own = name == "id" and not self.vocabulary.strict
            return identifier(value, "product" if is_own else key, self.vocabulary)
        if meaning_of(name) is Meaning.CODE:
            return code(value, self.vocabulary)
        return number(value) if name == "number" else value

    def _is_made_of_ids(self, value: str) -> bool:
        return not self.vocabulary.strict and bool(_MADE_OF_IDS.fullmatch(value))
