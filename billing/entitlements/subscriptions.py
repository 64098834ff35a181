"""What one subscription is good for at a moment. Pure: it asks nobody, and not the clock either."""

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
class Case:
    """A subscription at a moment. `unpaid_since`: when the first unpaid bill became due."""

    subscription: Subscription
    period_end: datetime | None
    unpaid_since: datetime | None
    grace: timedelta
    now: datetime

    @property
    def ends_at(self) -> datetime | None:
        """When it is to be canceled, if it is."""
        at_period_end = self.subscription.cancel_at_period_end
        return self.subscription.cancel_at or (
            self.subscription.current_period_end if at_period_end else None
        )

    def yes(
        self, reason: EntitlementReason, until: datetime | None, explanation: str
    ) -> Entitlement:
        """Allowed."""
        return Entitlement(True, reason, until, self.subscription.provider_id, explanation)

    def no(
        self, reason: EntitlementReason, until: datetime | None, explanation: str
    ) -> Entitlement:
        """Not allowed."""
        return Entitlement(False, reason, until, self.subscription.provider_id, explanation)


def assess(
    subscription: Subscription,
    product: str | None,
    *,
    unpaid_since: datetime | None,
    grace: timedelta,
    now: datetime,
) -> Entitlement:
    """What this subscription is good for, of a product that is one of its items.

    Active, trialing and past due ones are, to the end of the item's period, the trial, or the
    grace. A cancellation that is known to come is taken for made when its moment has come,
    whether or not it has been heard of. Pausing the collection of payments leaves a subscription
    active at Stripe, and so here.

    Grace for the past due counts from `unpaid_since`, else from the start of the current period:
    Stripe moves the period on before it takes the payment. Where a period or a trial ended and
    nothing was heard, the renewal is given as long; after that what is known is too old to go by.
    """
    case = Case(
        subscription=subscription,
        period_end=_period_end(subscription, product),
        unpaid_since=unpaid_since or subscription.current_period_start,
        grace=grace,
        now=now,
    )
    if subscription.deleted:
        return _canceled(case)
    return _ASSESSMENTS.get(subscription.status, _unknown)(case)


def items_of(subscription: Subscription) -> list[SubscriptionItem]:
    """What is subscribed to."""
    items: list[SubscriptionItem] = subscription.items
    return items


def _period_end(subscription: Subscription, product: str | None) -> datetime | None:
    # Items may have periods of their own, of which the subscription's ends with the first.
    ends = [
        datetime.fromisoformat(item["current_period_end"])
        for item in items_of(subscription)
        if item["current_period_end"] and product in (None, item["product_id"])
    ]
    return max(ends, default=subscription.current_period_end)


def _trialing(case: Case) -> Entitlement:
    end = case.subscription.trial_end or case.period_end
    return _current(case, EntitlementReason.TRIALING, "trialing", end)


def _active(case: Case) -> Entitlement:
    return _current(case, EntitlementReason.ACTIVE, "active", case.period_end)


def _current(case: Case, reason: EntitlementReason, word: str, end: datetime | None) -> Entitlement:
    ends_at = case.ends_at
    if ends_at and ends_at <= case.now:
        return _was_to_end(case, ends_at)
    if ends_at and (end is None or ends_at <= end):
        return case.yes(
            EntitlementReason.ENDING, ends_at, f"{word} until {_day(ends_at)}, then canceled"
        )
    if end is None:
        return case.yes(reason, None, word)
    if case.now < end:
        return case.yes(reason, end, f"{word} until {_day(end)}")
    until = min(end + case.grace, ends_at or end + case.grace)
    said = f"{word} until {_day(end)}, and nothing heard since"
    if case.now < until:
        return case.yes(
            EntitlementReason.RENEWAL_DUE, until, f"{said}: within grace until {_day(until)}"
        )
    return case.no(EntitlementReason.STALE, until, f"{said}: look for missing events")


def _past_due(case: Case) -> Entitlement:
    if case.ends_at and case.ends_at <= case.now:
        return _was_to_end(case, case.ends_at)
    if case.unpaid_since is None:
        return case.no(EntitlementReason.PAST_DUE, None, "past due, since when is not known")
    until = case.unpaid_since + case.grace
    until = min(until, case.ends_at or until)
    if case.now < until:
        return case.yes(
            EntitlementReason.IN_GRACE, until, f"past due, within grace until {_day(until)}"
        )
    return case.no(
        EntitlementReason.PAST_DUE,
        until,
        f"past due since {_day(case.unpaid_since)}, grace ended on {_day(until)}",
    )


def _canceled(case: Case) -> Entitlement:
    ended, paid = case.subscription.ended_at, case.period_end
    said = f"canceled on {_day(ended)}" if ended else "canceled"
    if ended and paid and paid > ended:
        said += f", in a period until {_day(paid)}"
    return case.no(EntitlementReason.CANCELED, ended, said)


def _was_to_end(case: Case, ends_at: datetime) -> Entitlement:
    return case.no(EntitlementReason.CANCELED, ends_at, f"was to be canceled on {_day(ends_at)}")


def _unknown(case: Case) -> Entitlement:
    status = case.subscription.status or "none"
    return case.no(EntitlementReason.UNKNOWN_STATUS, None, f"status not known here: {status}")


def _never(reason: EntitlementReason, explanation: str) -> Callable[[Case], Entitlement]:
    return lambda case: case.no(reason, None, explanation)


_ASSESSMENTS: Final[Mapping[str, Callable[[Case], Entitlement]]] = {
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
