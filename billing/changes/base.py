"""Changes: the facts that an event tells of one object, and those that it leaves out.

A field is `UNKNOWN` where the event does not say: what is stored is kept. None, or an empty
string for text, says that there is nothing: what is stored is cleared.

Money is in the currency's minor units (cents; yen) and currencies are lower-case ISO codes.
Moments are in UTC. `…_id` is the provider's own id of another object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias

from billing.order_rules import ORDER_RULES, OrderRules


# An enum of one member, so that a type checker narrows `value is UNKNOWN` as it does None.
class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Text: TypeAlias = str | Unknown
Integer: TypeAlias = int | Unknown | None
Flag: TypeAlias = bool | Unknown | None
Moment: TypeAlias = datetime | Unknown | None
Metadata: TypeAlias = Mapping[str, str] | Unknown


_NO_FACTS: Final = (
    *("provider_id", "complete", "before", "is_first", "casts_doubt", "goes_on", "revision"),
    *("order", "sums_refunds"),
)
"""The fields of a change that are about itself, and not about the object."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The facts of one object, in fields named like its model's.

    A change that is not `complete` has only a few of them, and so tells nothing of how recent the
    rest is. `before` holds the former values of the facts that the event changed, by name; None
    where the event does not tell. `is_first`: nothing can have come before it. `casts_doubt`: the
    id of what tells that the object has changed, and not what it is like now; each does so once.
    `goes_on`: a list in it does, of whose rest nothing is stored with the object itself.

    `revision` is how far the object has come by the provider's own count of its changes, or by the
    time of the last one in microseconds since 1970; None where the provider does not tell. `order`
    has the provider's own rules for the order of the object's states, None where it has none.
    """

    object_type: ClassVar[str]

    provider_id: str
    deleted: bool = False
    complete: bool = True
    before: Mapping[str, Any] | None = None
    is_first: bool = False
    casts_doubt: str = ""
    goes_on: bool = False
    revision: int | None = None
    order: OrderRules | None = None
    # From here on each field has a default, since any shape of the provider's may lack it.
    created_at: Moment = UNKNOWN
    metadata: Metadata = UNKNOWN

    # Asked for with every event, several times: reflection on dataclasses is slow.
    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """Return the names of the facts that such an object can have."""
        return tuple(field.name for field in fields(cls) if field.name not in _NO_FACTS)

    @property
    def order_rules(self) -> OrderRules:
        """The rules that tell the order of the object's states."""
        return self.order or ORDER_RULES[self.object_type]

    def facts(self) -> dict[str, Any]:
        """Return the facts that are known, by name."""
        facts = {name: getattr(self, name) for name in self.names()}
        # Only a deletion is a fact. That an event tells of none does not bring an object back.
        if not self.deleted:
            del facts["deleted"]
        return {name: value for name, value in facts.items() if value is not UNKNOWN}
