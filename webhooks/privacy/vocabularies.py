"""The words of each provider: what its keys hold beyond the common vocabulary, and in which form.

A provider declares them beside its trust. Here is only what is known of them by name, as what masks
and erases knows of no provider.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from webhooks.privacy.vocabulary import Meaning


@dataclass(frozen=True, kw_only=True, eq=False)
class Vocabulary:
    """What one provider's JSON holds, beyond the common table. All of it may be left out.

    `keys` outrank the table. `id_form` is a pattern of ids that the common ones don't have, and
    `texts` has by their keys those of other texts that stay when somebody is erased; what a group
    named `owned` matches there is the id of one customer's object. The `name` of what is under a
    key in `people` is a person's. `kind` is the key by which an object says what it is, and
    `customers` are those that hold the customer's id.

    Of a `strict` one nothing stays but what is told by its key. Of any other stay as well: ids and
    words that the event's own columns have, and currencies, amounts, times and codes where a key's
    words say that it has one.
    """

    keys: Mapping[Meaning, tuple[str, ...]] = field(default_factory=dict)
    id_form: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    kind: str = "object"
    customers: tuple[str, ...] = ("customer_id", "customer")
    strict: bool = False

    @cached_property
    def meanings(self) -> Mapping[str, Meaning]:
        """The meanings of keys that this vocabulary tells itself."""
        told = {key: meaning for meaning, keys in self.keys.items() for key in keys}
        # What a customer types in to have a discount, as often as a provider's own word.
        return told if self.strict else {"code": Meaning.CHOSEN, **told}

    @cached_property
    def forms(self) -> Mapping[str, re.Pattern[str]]:
        """The patterns of texts that stay, by key."""
        return {key: re.compile(form) for key, form in self.texts.items()}

    @cached_property
    def ids(self) -> re.Pattern[str]:
        """The pattern of ids in this provider's own form; of none where that is a common one."""
        return re.compile(self.id_form or r"(?!)")


COMMON: Final = Vocabulary(customers=("customer",), strict=True)
"""The common vocabulary alone, which is in the form of Stripe's."""

CAREFUL: Final = Vocabulary()
"""The vocabulary of a provider that declares none."""

_DECLARED: Final[dict[str, Vocabulary]] = {}


def declare(provider: str, vocabulary: Vocabulary) -> None:
    """Have a provider's JSON read by this vocabulary. Called once, when it is registered."""
    _DECLARED[provider] = vocabulary


def vocabulary_of(provider: str) -> Vocabulary:
    """Return a provider's vocabulary, the careful one where it is not known any more."""
    return _DECLARED.get(provider, CAREFUL)
