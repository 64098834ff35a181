"""The entitlement that one subscription gives at a time. Pure: no queries, and no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils import dateformat

from billing.changes import SubscriptionItem
from billing.entitlements.reasons import Entitlement, EntitlementReason
from billing.models import Subscription
from billing.statuses import SubscriptionStatus


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A subscription at a time. `unpaid_since` is when its first unpaid invoice fell due."""

    subscription: Subscription
    period_end: datetime | None
    unpaid_since: datetime | None
    grace: timedelta
    now: datetime

    @property
    def ends_at(self) -> datetime | None:
        """The time at which it is to be canceled, if it is."""
        at_period_end = self.subscription.cancel_at_period_end
        return self.subscription.cancel_at or (
            self.subscription.current_period_end if at_period_end else None
        )

    def allow(
        self, reason: EntitlementReason, until: datetime | None, explanation: str
    ) -> Entitlement:
        """Return an allowance for this reason."""
        return Entitlement(True, reason, until, self.subscription.provider_id, explanation)

    def refuse(
        self, reason: EntitlementReason, until: datetime | None, explanation: str
    ) -> Entitlement:
        """Return a refusal for this reason."""
        return Entitlement(False, reason, until, self.subscription.provider_id, explanation)


def assess(
    subscription: Subscription,
    product: str | None,
    *,
    unpaid_since: datetime | None,
    grace: timedelta,
    now: datetime,
) -> Entitlement:
    """Return the entitlement that this subscription gives to one of its products, or to any.

    It is active, trialing and past due subscriptions that give one: to the end of the item's
    period, of the trial, or of the grace. A cancellation that is known to come counts as made when
    its time has come, even if no event told of it. Pausing the collection of payments leaves a
    subscription active at Stripe, and so here.

    Grace for the past due counts from `unpaid_since`, else from the start of the current period:
    Stripe moves the period on before it takes the payment. Where a period or a trial ended and no
    event told of a renewal, that is waited for as long; after that the state is too old to go by.
    """
    state = SubscriptionState(
        subscription=subscription,
        period_end=_period_end(subscription, product),
        unpaid_since=unpaid_since or subscription.current_period_start,
        grace=grace,
        now=now,
    )
    if subscription.deleted:
        return _canceled(state)
    # Statuses are an open set: one that Stripe adds entitles to nothing until it is known here.
    return _ASSESSMENTS.get(subscription.status, _unknown)(state)


def items_of(subscription: Subscription) -> list[SubscriptionItem]:
    """Return the items that are subscribed to."""
    items: list[SubscriptionItem] = subscription.items
    return items


def _period_end(subscription: Subscription, product: str | None) -> datetime | None:
    # Items may have periods of their own, and the subscription's ends with the first of them.
    ends = [
        datetime.fromisoformat(item["current_period_end"])
        for item in items_of(subscription)
        if item["current_period_end"] and product in (None, item["product_id"])
    ]
    return max(ends, default=subscription.current_period_end)


def _trialing(state: SubscriptionState) -> Entitlement:
    end = state.subscription.trial_end or state.period_end
    return _current(state, EntitlementReason.TRIALING, "trialing", end)


def _active(state: SubscriptionState) -> Entitlement:
    return _current(state, EntitlementReason.ACTIVE, "active", state.period_end)


def _current(
    state: SubscriptionState, reason: EntitlementReason, word: str, end: datetime | None
) -> Entitlement:
    ends_at = state.ends_at
    # The event that tells of a cancellation may be late or lost; its time was known before.
    if ends_at and ends_at <= state.now:
        return _was_to_end(state, ends_at)
    if ends_at and (end is None or ends_at <= end):
        return state.allow(
            EntitlementReason.ENDING, ends_at, f"{word} until {_day(ends_at)}, then canceled"
        )
    if end is None:
        return state.allow(reason, None, word)
    if state.now < end:
        return state.allow(reason, end, f"{word} until {_day(end)}")
    # A renewal's event may be late. A cancellation that is known to come is not waited out.
    until = min(end + state.grace, ends_at or end + state.grace)
    explanation = f"{word} until {_day(end)}, and nothing heard since"
    if state.now < until:
        return state.allow(
            EntitlementReason.RENEWAL_DUE, until, f"{explanation}: within grace until {_day(until)}"
        )
    return state.refuse(EntitlementReason.STALE, until, f"{explanation}: look for missing events")


def _past_due(state: SubscriptionState) -> Entitlement:
    if state.ends_at and state.ends_at <= state.now:
        return _was_to_end(state, state.ends_at)
    if state.unpaid_since is None:
        return state.refuse(EntitlementReason.PAST_DUE, None, "past due, since when is not known")
    until = state.unpaid_since + state.grace
    # Grace never outlasts a cancellation.
    until = min(until, state.ends_at or until)
    if state.now < until:
        return state.allow(
            EntitlementReason.IN_GRACE, until, f"past due, within grace until {_day(until)}"
        )
    return state.refuse(
        EntitlementReason.PAST_DUE,
        until,
        f"past due since {_day(state.unpaid_since)}, grace ended on {_day(until)}",
    )


def _canceled(state: SubscriptionState) -> Entitlement:
    # Shown to support: a customer who paid for longer will ask.
    ended, paid = state.subscription.ended_at, state.period_end
    explanation = f"canceled on {_day(ended)}" if ended else "canceled"
    if ended and paid and paid > ended:
        explanation += f", in a period until {_day(paid)}"
    return state.refuse(EntitlementReason.CANCELED, ended, explanation)


def _was_to_end(state: SubscriptionState, ends_at: datetime) -> Entitlement:
    return state.refuse(
        EntitlementReason.CANCELED, ends_at, f"was to be canceled on {_day(ends_at)}"
    )


def _unknown(state: SubscriptionState) -> Entitlement:
    status = state.subscription.status or "none"
    return state.refuse(EntitlementReason.UNKNOWN_STATUS, None, f"status not known here: {status}")


def _never(
    reason: EntitlementReason, explanation: str
) -> Callable[[SubscriptionState], Entitlement]:
    return lambda state: state.refuse(reason, None, explanation)


_ASSESSMENTS: Final[Mapping[str, Callable[[SubscriptionState], Entitlement]]] = {
    SubscriptionStatus.TRIALING: _trialing,
    SubscriptionStatus.ACTIVE: _active,
    SubscriptionStatus.PAST_DUE: _past_due,
    SubscriptionStatus.CANCELED: _canceled,
    SubscriptionStatus.UNPAID: _never(EntitlementReason.UNPAID, "unpaid: payment was given up on"),
    SubscriptionStatus.PAUSED: _never(
        EntitlementReason.PAUSED, "paused: the trial ended without a way to pay"
    ),
    SubscriptionStatus.INCOMPLETE: _never(
        EntitlementReason.INCOMPLETE, "incomplete: the first payment was not made yet"
    ),
    SubscriptionStatus.INCOMPLETE_EXPIRED: _never(
        EntitlementReason.INCOMPLETE_EXPIRED,
        "incomplete, expired: the first payment was never made",
    ),
}


def _day(moment: datetime) -> str:
    return dateformat.format(moment.astimezone(UTC), "j F Y")
