"""Events in the life of subscriptions, from their first day to their last."""

from collections.abc import Sequence

from webhooks.testing.fake_stripe import (
    billing_objects,
    catalog,
    invoice_objects,
    invoices,
    periods,
)
from webhooks.testing.fake_stripe.intents import PaymentOutcome
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json, detailed
from webhooks.testing.fake_stripe.world import Account, happening

ENDED = ("canceled", "incomplete_expired")
RUNNING = ("active", "past_due", "trialing", "unpaid")
CHANGEABLE = (*RUNNING, "incomplete", "paused")

UPDATED = "customer.subscription.updated"


@happening
def create(
    account: Account,
    /,
    customer: str,
    items: Sequence[tuple[str, int]] = (("price_monthly", 1),),
    *,
    trial_days: int = 0,
    outcome: PaymentOutcome | None = "succeeded",
    **details: object,
) -> Json:
    """Subscribe a customer to prices (id, quantity); the first invoice is tried at once.

    Without an outcome nobody tries to pay yet: the subscription stays incomplete.
    `details` are keys of the object.
    """
    account.present("customer", customer)
    # Both ids first, as subscription and invoice name each other in their first events.
    own_id, invoice_id = account.new_id("sub"), account.new_id("in")
    subject = detailed(billing_objects.subscription(account, own_id, customer), details)
    trial_end = account.now + trial_days * periods.DAY if trial_days else None
    first = [_item(account, own_id, price, quantity, trial_end) for price, quantity in items]
    subject["items"] = subject["items"] | {"data": first}
    subject["latest_invoice"] = invoice_id
    if trial_end:
        subject |= {"billing_cycle_anchor": trial_end, "status": "trialing"}
        subject |= {"trial_end": trial_end, "trial_start": account.now}
    account.create(subject, "customer.subscription.created")
    bill(account, subject, invoice_id, "subscription_create", is_free=bool(trial_end))
    invoices.finalize(account, invoice_id)
    # An invoice over nothing was paid when it was finalized.
    if outcome and account.get("invoice", invoice_id)["status"] == "open":
        invoices.pay(account, invoice_id, outcome)
    return account.get("subscription", own_id)


@happening
def announce_trial_end(account: Account, subscription: str) -> Json:
    """Tell that a trial ends soon, as Stripe does three days before."""
    subject = in_state(account, subscription, ("trialing",), "announce the end of")
    return account.change(subject, {}, "customer.subscription.trial_will_end")


@happening
def renew(
    account: Account, subscription: str, outcome: PaymentOutcome | None = "succeeded"
) -> Json:
    """Begin the next period (after a trial, the first that costs) and bill it.

    Without an outcome the invoice stays a draft, as it does for an hour.
    """
    subject = in_state(account, subscription, RUNNING, "renew")
    invoice_id = account.new_id("in")
    changes = {"items": _next_periods(subject), "latest_invoice": invoice_id}
    # The trial is over, whether or not the first invoice that costs will be paid.
    if subject["status"] == "trialing":
        changes["status"] = "active"
    subject = account.change(subject, changes, UPDATED)
    bill(account, subject, invoice_id, "subscription_cycle")
    if outcome:
        invoices.finalize(account, invoice_id)
        if account.get("invoice", invoice_id)["status"] == "open":
            invoices.pay(account, invoice_id, outcome)
    return account.get("subscription", subscription)


@happening
def collect(account: Account, subscription: str, outcome: PaymentOutcome = "succeeded") -> Json:
    """Try once more to collect the latest invoice."""
    invoice = account.get("subscription", subscription)["latest_invoice"]
    if account.get("invoice", invoice)["status"] == "draft":
        invoices.finalize(account, invoice)
    invoices.pay(account, invoice, outcome)
    return account.get("subscription", subscription)


@happening
def give_up(account: Account, subscription: str) -> Json:
    """Make a subscription that is past due unpaid, as after the last retry."""
    subject = in_state(account, subscription, ("past_due",), "give up")
    return account.change(subject, {"status": "unpaid"}, UPDATED)


@happening
def expire(account: Account, subscription: str) -> Json:
    """Expire a subscription whose first payment did not come within a day."""
    subject = in_state(account, subscription, ("incomplete",), "expire")
    # Stripe voids it: paid now, it would buy nothing.
    if account.get("invoice", subject["latest_invoice"])["status"] == "open":
        invoices.void(account, subject["latest_invoice"])
    ended = {"ended_at": account.now, "status": "incomplete_expired"}
    return account.change(subject, ended, UPDATED)


@happening
def change(account: Account, subscription: str, items: Sequence[tuple[str, int]]) -> Json:
    """Change to other prices (id, quantity) from now on, without proration.

    Items whose price stays, stay; where the first price goes, its item takes the new price.
    """
    subject = in_state(account, subscription, CHANGEABLE, "change")
    known = {item["price"]["id"]: item["id"] for item in subject["items"]["data"]}
    wanted = [(known.get(price), price, quantity) for price, quantity in items]
    first = subject["items"]["data"][0]
    # A new price in the first item's place is an update of that item, which keeps its id.
    if wanted[0][0] is None and first["price"]["id"] not in dict(items):
        wanted[0] = (first["id"], *items[0])
    return account.change(subject, {"items": held(account, subject, wanted)}, UPDATED)


def held(account: Account, subject: Json, wanted: Sequence[tuple[str | None, str, int]]) -> Json:
    """Return a subscription's items once they are these: (item's id or None for a new one, price,
    quantity)."""
    known = {item["id"]: item for item in subject["items"]["data"]}
    # A new item is billed along with the others, so its first period ends when theirs does.
    end = subject["items"]["data"][0]["current_period_end"]
    data = []
    for own_id, price, quantity in wanted:
        if own_id is None:
            data.append(_item(account, subject["id"], price, quantity, end))
            continue
        of_price = catalog.price(account, price)
        swapped = {"plan": billing_objects.plan(of_price), "price": of_price}
        data.append(known[own_id] | swapped | {"quantity": quantity})
    now_held: Json = subject["items"] | {"data": data}
    return now_held


@happening
def update(account: Account, /, subscription: str, **details: object) -> Json:
    """Change keys of a subscription, such as its metadata."""
    subject = account.get("subscription", subscription)
    return account.change(subject, detailed(subject, details), UPDATED)


@happening
def cancel(account: Account, subscription: str, reason: str = "cancellation_requested") -> Json:
    """End a subscription now."""
    subject = account.get("subscription", subscription)
    if subject["status"] in ENDED:
        raise invalid(f"No such subscription: '{subscription}'", code="resource_missing")
    details = subject["cancellation_details"] | {"reason": reason}
    changes = {"cancel_at": None, "cancellation_details": details, "ended_at": account.now}
    # Asked for earlier, to end with the period, it keeps the time at which it was asked for.
    changes |= {"canceled_at": subject["canceled_at"] or account.now, "status": "canceled"}
    return account.change(subject, changes, "customer.subscription.deleted")


def bill(
    account: Account, subject: Json, invoice_id: str, reason: str, *, is_free: bool = False
) -> Json:
    """Return a draft for what a subscription holds, over its items' current periods."""
    lines = []
    for item in subject["items"]["data"]:
        amount = 0 if is_free else item["price"]["unit_amount"] * item["quantity"]
        period = (item["current_period_start"], item["current_period_end"])
        lines.append(invoice_objects.line(account, invoice_id, amount, period, item))
    start = min(line["period"]["start"] for line in lines)
    about = {"billing_reason": reason, "parent": invoice_objects.parent(subject)}
    about |= {"period_end": start, "period_start": start}
    return invoices.draft(account, subject["customer"], invoice_id, lines, **about)


def in_state(account: Account, subscription: str, states: tuple[str, ...], verb: str) -> Json:
    """Return the subscription, in one of these states. Raises `ApiError`."""
    subject = account.get("subscription", subscription)
    if subject["status"] not in states:
        raise invalid(f"You cannot {verb} this subscription: its status is {subject['status']}.")
    return subject


def _item(
    account: Account, subscription: str, price: str, quantity: int, until: int | None
) -> Json:
    of_price = catalog.price(account, price)
    # Without an interval there is no period to bill.
    if not of_price["recurring"]:
        raise invalid(f"The price {price} is not recurring.", param="items[0][price]")
    interval, count = (of_price["recurring"][name] for name in ("interval", "interval_count"))
    end = until or periods.after(account.now, interval, count)
    period = (account.now, end)
    return billing_objects.subscription_item(account, subscription, of_price, quantity, period)


def _next_periods(subject: Json) -> Json:
    data = []
    for item in subject["items"]["data"]:
        recurring, start = item["price"]["recurring"], item["current_period_end"]
        end = periods.after(start, recurring["interval"], recurring["interval_count"])
        data.append(item | {"current_period_end": end, "current_period_start": start})
    now_held: Json = subject["items"] | {"data": data}
    return now_held
