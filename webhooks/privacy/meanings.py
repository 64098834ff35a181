"""What a key's value means, by the vocabulary.

A key is told by the table or by its words, so that providers' objects of tomorrow are covered too;
what only their place tells (a customer's `name` is personal, a product's is not) by the objects
they are in.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from webhooks.database.text import LONGEST_NAME
from webhooks.privacy.vocabulary import (
    BEARER_WORDS,
    COMMON_CODES,
    NAMED_PEOPLE,
    NOT_PERSONAL,
    PAGES,
    PEOPLE,
    PERSONAL_WORDS,
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

_TELLING_NOBODY: Final = (
    *(Meaning.CARD, Meaning.CATALOG, Meaning.CODE, Meaning.ID, Meaning.OWNED),
)
_PROVIDERS_WORD: Final = re.compile(r"[a-z][a-z0-9_]*|[A-Z]{2,3}")


def kind_of(value: Mapping[str, Any], above: str) -> str:
    """Return what an object says of itself as its `object`, else the kind of what it is in."""
    stated = value.get("object")
    return stated if isinstance(stated, str) else above


def meaning_of(key: str) -> Meaning | None:
    """Return what the table says of a key; None of one whose words or place must tell."""
    return _MEANINGS.get(key) or _SPELT.get("".join(_words(key)))


def is_id(text: str) -> bool:
    """True for a text of the form of a provider's id: any other may be somebody's words."""
    return len(text) <= LONGEST_NAME and bool(_ID.fullmatch(text))


def is_secret(key: str, *, parent: str = "", kind: str = "") -> bool:
    """True when the value of a key opens something to whoever knows it.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`.
    """
    words = _words(key)
    return (
        meaning_of(key) is Meaning.SECRET
        or not SECRET_WORDS.isdisjoint(words)
        or bool(_SECRET_RUN_TOGETHER.search("".join(words)))
        or (words == ["url"] and kind in PAGES)
        or ("url" in words and not BEARER_WORDS.isdisjoint((*words, *_words(parent))))
    )


def is_personal(
    key: str, *, parent: str = "", kind: str = "", siblings: Collection[str] = ()
) -> bool:
    """True when the value of a key identifies a person.

    `parent` is the key of the object that it is in, `kind` what that says of itself as its
    `object`, and `siblings` its keys. What is in a personal value is personal, except for `KEPT`.
    """
    if meaning_of(key) is Meaning.PERSONAL:
        return True
    words = _words(key)
    if words == ["name"]:
        return _is_about_somebody(parent, kind, siblings)
    if key == "value":
        return kind == "tax_id" or parent.endswith("tax_ids")
    # `email_verified` tells of an address; it is not one.
    if not words or words[-1] in NOT_PERSONAL:
        return False
    is_a_name = "name" in words and not NAMED_PEOPLE.isdisjoint(words)
    return (
        is_a_name or not PERSONAL_WORDS.isdisjoint(words) or any(map(_RUN_TOGETHER.search, words))
    )


def is_known_by(key: str, value: str, *, parent: str = "", kind: str = "") -> bool:
    """True when a person may be known elsewhere by a personal value: by a name or an address.

    Not by a provider's word (`none`, `succeeded`, a country): such a one is in everybody's texts.
    """
    if value.casefold() in COMMON_CODES:
        return False
    if meaning_of(key) is Meaning.PERSONAL:
        return True
    words = _words(key)
    if not SHARED_WORDS.isdisjoint(words) or (words and words[-1] in NOT_PERSONAL):
        return False
    if meaning_of(key) in _TELLING_NOBODY:
        return False
    # Of a new key nobody knows what it holds, so the form of its value tells.
    is_told = key == "name" or is_personal(key, parent=parent, kind=kind)
    return is_told or not _PROVIDERS_WORD.fullmatch(value)


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key)]


def _is_about_somebody(parent: str, kind: str, siblings: Collection[str]) -> bool:
    # Whoever can be reached is somebody, whatever the provider calls the object.
    reachable = ("email", "phone", "phone_number", "address")
    return (
        kind in PEOPLE
        or meaning_of(parent) is Meaning.PERSON
        or any(way in siblings for way in reachable)
    )
