"""What a key's value means, by the vocabulary.

A key is told by the table or by its words, so that providers' objects of tomorrow are covered too;
what only their place tells (a customer's `name` is personal, a product's is not) by the objects
they are in.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from webhooks.database.text import LONGEST_NAME
from webhooks.privacy.vocabularies import COMMON, Vocabulary
from webhooks.privacy.vocabulary import (
    BEARER_WORDS,
    COMMON_CODES,
    NAMED_PEOPLE,
    NOT_PERSONAL,
    OTHER_PEOPLE,
    PAGES,
    PEOPLE,
    PERSONAL_WORDS,
    REACHING,
    SECRET_WORDS,
    SHARED_WORDS,
    TABLE,
    Meaning,
)

_MEANINGS: Final = {key: meaning for meaning, keys in TABLE.items() for key in keys}
# What hides a key hides it however it is spelt; what keeps one is kept as providers write it.
_HIDING: Final = (Meaning.SECRET, Meaning.PERSONAL, Meaning.PERSON, Meaning.FREE_TEXT)
_SPELT: Final = {key.replace("_", ""): _MEANINGS[key] for m in _HIDING for key in TABLE[m]}
_RUN_TOGETHER: Final = re.compile(
    "address|birth|email|passport|phone|surname"
    rf"|(?:{'|'.join(sorted(NAMED_PEOPLE))}|user)name"
)
_SECRET_RUN_TOGETHER: Final = re.compile(
    "(?:access|api|private)key|pass(?:code|phrase|wd|word)|secret|token$"
)

# Keys come in snake_case and in camelCase: both are told by the same words.
_WORD: Final = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z]))[0-9]*|[0-9]+")

_ID: Final = re.compile(
    # As providers form theirs: a short kind, an underscore, a code; or a UUID.
    r"[a-z][a-z0-9]{0,15}(?:_[A-Za-z0-9]+)+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

_LONGEST_KNOWN: Final = 64
"""Providers' own keys are no longer, so their words are remembered; anybody's may be."""

_TELLING_NOBODY: Final = (
    *(Meaning.CARD, Meaning.CATALOG, Meaning.CODE, Meaning.ID, Meaning.OWNED),
)
_PROVIDERS_WORD: Final = re.compile(r"[a-z][a-z0-9_]*|[A-Z]{2,3}")


def kind_of(value: Mapping[str, Any], above: str, vocabulary: Vocabulary = COMMON) -> str:
    """Return what an object says that it is, else the kind of what it is in."""
    stated = value.get(vocabulary.kind)
    return stated if isinstance(stated, str) else above


def meaning_of(key: str, vocabulary: Vocabulary = COMMON) -> Meaning | None:
    """Return what the tables say of a key; None of one whose words or place must tell."""
    told = vocabulary.meanings.get(key) or _MEANINGS.get(key)
    return told or (_spelt_once(key) if len(key) <= _LONGEST_KNOWN else _spelt(key))


@lru_cache(maxsize=4096)
def _spelt_once(key: str) -> Meaning | None:
    return _spelt(key)


def _spelt(key: str) -> Meaning | None:
    return _SPELT.get("".join(words_of(key)))


def is_id(text: str, vocabulary: Vocabulary = COMMON) -> bool:
    """True for a text of the form of a provider's id: any other may be somebody's words."""
    return len(text) <= LONGEST_NAME and bool(_ID.fullmatch(text) or vocabulary.ids.fullmatch(text))


def is_secret(
    key: str, *, parent: str = "", kind: str = "", vocabulary: Vocabulary = COMMON
) -> bool:
    """True when the value of a key opens something to whoever knows it.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`.
    """
    words = words_of(key)
    return (
        meaning_of(key, vocabulary) is Meaning.SECRET
        or not SECRET_WORDS.isdisjoint(words)
        or bool(_SECRET_RUN_TOGETHER.search("".join(words)))
        or (words == ("url",) and kind in PAGES)
        or ("url" in words and not BEARER_WORDS.isdisjoint((*words, *words_of(parent))))
    )


def is_personal(
    key: str,
    *,
    parent: str = "",
    kind: str = "",
    siblings: Collection[str] = (),
    vocabulary: Vocabulary = COMMON,
) -> bool:
    """True when the value of a key identifies a person.

    `parent` is the key of the object that it is in, `kind` what that says that it is, and
    `siblings` its keys. What is in a personal value is personal, except for `KEPT`.
    """
    if meaning_of(key, vocabulary) is Meaning.PERSONAL:
        return True
    # What a provider says of its own key outranks that key's words.
    if key in vocabulary.meanings:
        return False
    words = words_of(key)
    if words == ("name",):
        return _is_about_somebody(parent, kind, siblings, vocabulary)
    if key == "value":
        return kind == "tax_id" or parent.endswith("tax_ids")
    # `email_verified` tells of an address; it is not one.
    if not words or words[-1] in NOT_PERSONAL:
        return False
    people = NAMED_PEOPLE if vocabulary.strict else NAMED_PEOPLE | OTHER_PEOPLE
    is_a_name = "name" in words and not people.isdisjoint(words)
    return (
        is_a_name or not PERSONAL_WORDS.isdisjoint(words) or any(map(_RUN_TOGETHER.search, words))
    )


def is_known_by(
    key: str, value: str, *, parent: str = "", kind: str = "", vocabulary: Vocabulary = COMMON
) -> bool:
    """True when a person may be known elsewhere by a personal value: by a name or an address.

    Not by a provider's word (`none`, `succeeded`, a country): such a one is in everybody's texts.
    """
    if value.casefold() in COMMON_CODES:
        return False
    meaning = meaning_of(key, vocabulary)
    if meaning is Meaning.PERSONAL:
        return True
    words = words_of(key)
    if not SHARED_WORDS.isdisjoint(words) or (words and words[-1] in NOT_PERSONAL):
        return False
    if meaning in _TELLING_NOBODY:
        return False
    # Of a new key nobody knows what it holds, so the form of its value tells.
    is_told = key == "name" or is_personal(key, parent=parent, kind=kind, vocabulary=vocabulary)
    return is_told or not _PROVIDERS_WORD.fullmatch(value)


def words_of(key: str) -> tuple[str, ...]:
    """Return the words of a key, in small letters."""
    return _split_once(key) if len(key) <= _LONGEST_KNOWN else _split(key)


@lru_cache(maxsize=4096)
def _split_once(key: str) -> tuple[str, ...]:
    return _split(key)


def _split(key: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(key))


def _is_about_somebody(
    parent: str, kind: str, siblings: Collection[str], vocabulary: Vocabulary
) -> bool:
    return (
        kind in PEOPLE
        or parent in vocabulary.people
        or meaning_of(parent, vocabulary) is Meaning.PERSON
        or any(_reaches(key, vocabulary) for key in siblings)
    )


def _reaches(key: str, vocabulary: Vocabulary) -> bool:
    # Whoever can be reached is somebody, whatever the provider calls the object.
    if vocabulary.strict:
        return key in ("email", "phone", "phone_number", "address")
    return not REACHING.isdisjoint(words_of(key))
