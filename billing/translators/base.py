"""The interface of a translator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from billing.changes import Change
from billing.order_rules import OrderRules
from webhooks.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """What a provider's events mean. Pure: it knows neither the database nor the clock.

    `event_types` are the patterns of those that it knows, for `webhooks.signals.on`. `translate`
    returns the changes that an event tells of, and none for what billing has no place for.
    `translate_object` does so for an object of this type in billing, by the JSON that the provider
    answered when it was asked: its own change first, then those of what it carries. It is None
    where the provider can't be asked. `order` has the provider's own rules by type, where they
    differ from the common ones.

    Both raise `PermanentFailure` for what is not of the provider's shape, or cannot be stored.
    """

    provider: str
    event_types: tuple[str, ...]
    translate: Callable[[Event], list[Change]]
    translate_object: Callable[[str, Any], list[Change]] | None = None
    order: Mapping[str, OrderRules] = field(default_factory=dict)

    def changes_of(self, event: Event) -> list[Change]:
        """Return the changes that an event tells of, each with the rules that order it."""
        return [self._ordered(change) for change in self.translate(event)]

    def changes_of_object(self, object_type: str, subject: Any) -> list[Change]:
        """Return the changes that an answer tells of, each with the rules that order it."""
        if self.translate_object is None:
            return []
        return [self._ordered(change) for change in self.translate_object(object_type, subject)]

    def _ordered(self, change: Change) -> Change:
        rules = self.order.get(change.object_type)
        return replace(change, order=rules) if rules else change
