"""By what a person is known in a provider's JSON: by ids, and by names and addresses."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from webhooks.database.text import is_name
from webhooks.privacy.meanings import is_id, is_known_by, is_personal, kind_of, meaning_of
from webhooks.privacy.vocabularies import COMMON, Vocabulary
from webhooks.privacy.vocabulary import KEPT, OWNED_TYPES, Meaning

SHORTEST: Final = 4
"""Of personal values, those that are shorter are not looked for in texts: they'd be anywhere."""

_NAMED_SHALLOWLY: Final = (
    *("charge", "payment_intent", "invoice", "subscription", "payment_method", "setup_intent"),
    *("latest_charge", "mandate", "source_transaction"),
)


def owned(payload: Any, vocabulary: Vocabulary = COMMON) -> set[str]:
    """Return the ids of the objects in an event, or named in it, that are one customer's each.

    Customers' own are not among them, as one may name another.
    """
    return set(_owned(payload, "", vocabulary))


def customers_named(payload: Any, vocabulary: Vocabulary) -> set[str]:
    """Return the customers whose ids stand in an event, at any of the keys that have such.

    None of a strict vocabulary: there it is known where an event names its customer.
    """
    return set() if vocabulary.strict else set(_at_keys(payload, "", vocabulary.customers))


def named(payload: Mapping[str, Any], vocabulary: Vocabulary = COMMON) -> list[str]:
    """Return the ids by which an event that names no customer may be known as one's.

    They are read where a provider has them, without searching, if that is known: every delivery
    passes here.
    """
    if not vocabulary.strict:
        return sorted(owned(payload, vocabulary) | customers_named(payload, vocabulary))
    data = _mapping(payload.get("data"))
    references = _references(_mapping(data.get("object")))
    # An event that takes something from a customer names that customer there alone.
    references.append(_mapping(data.get("previous_attributes")).get("customer"))
    return _ids(references)


def named_by(subject: Mapping[str, Any]) -> list[str]:
    """Return the ids by which a Stripe object that names no customer may be known as one's."""
    return _ids(_references(subject))


def personal_values(payload: Any, vocabulary: Vocabulary = COMMON) -> set[str]:
    """Return the texts by which the person may be known elsewhere: names and addresses."""
    found = _personal(payload, "", "", "", vocabulary, personal=False)
    return {text for text in found if len(text) >= SHORTEST}


def _references(subject: Mapping[str, Any]) -> list[Any]:
    payment = _mapping(subject.get("payment"))
    return [*map(subject.get, ("id", *_NAMED_SHALLOWLY)), payment.get("payment_intent")]


def _ids(references: Iterable[Any]) -> list[str]:
    return [found for one in references if (found := _id(one))]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _id(value: Any, vocabulary: Vocabulary = COMMON) -> str:
    if isinstance(value, Mapping):
        value = value.get("id")
    if not vocabulary.strict and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    # What has no id's form may name somebody: it must not be remembered as theirs.
    return value if is_name(value) and is_id(value, vocabulary) else ""


def _at_keys(value: Any, key: str, keys: Collection[str]) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _at_keys(each, key, keys)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _at_keys(each, name, keys)
        if key in keys:
            yield from _at_keys(value.get("id"), key, keys)
    elif key in keys and isinstance(value, str | int) and is_name(str(value)):
        yield str(value)


def _owned(value: Any, key: str, vocabulary: Vocabulary) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _owned(each, key, vocabulary)
    elif isinstance(value, Mapping):
        kind = kind_of(value, "", vocabulary)
        if (
            meaning_of(key, vocabulary) is Meaning.OWNED
            or kind in OWNED_TYPES
            or vocabulary.meanings.get(kind) is Meaning.OWNED
        ):
            yield from filter(None, [_id(value, vocabulary)])
        for name, each in value.items():
            if not (name == "metadata" or meaning_of(name, vocabulary) is Meaning.PERSON):
                yield from _owned(each, name, vocabulary)
    elif meaning_of(key, vocabulary) is Meaning.OWNED:
        yield from filter(None, [_id(value, vocabulary)])
    elif isinstance(value, str) and (form := vocabulary.forms.get(key)):
        yield from filter(None, [_group(form.fullmatch(value))])


def _group(found: re.Match[str] | None) -> str:
    return (found.groupdict().get("owned") or "") if found else ""


def _personal(
    value: Any, key: str, parent: str, kind: str, vocabulary: Vocabulary, *, personal: bool
) -> Iterator[str]:
    if isinstance(value, Mapping):
        kind = kind_of(value, kind, vocabulary)
        for name, each in value.items():
            # Countries and ids are in texts of everybody's.
            if name in KEPT and isinstance(each, str):
                continue
            is_theirs = (
                personal
                or meaning_of(name, vocabulary) is Meaning.PERSON
                or is_personal(
                    name, parent=key, kind=kind, siblings=value.keys(), vocabulary=vocabulary
                )
            )
            yield from _personal(each, name, key, kind, vocabulary, personal=is_theirs)
    elif isinstance(value, list):
        for each in value:
            yield from _personal(each, key, parent, kind, vocabulary, personal=personal)
    elif (
        personal
        and isinstance(value, str)
        and is_known_by(key, value, parent=parent, kind=kind, vocabulary=vocabulary)
    ):
        yield value
