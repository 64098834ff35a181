"""A small Stripe: its objects, its events, its HTTP API and its webhooks, in memory.

`World` holds everything, `serve` puts it on a loopback port, `random_story` makes things happen
in it; what can happen is in the modules named for objects. It knows nothing of the project that
it is there to try.
"""

from webhooks.testing.fake_stripe import (
    catalog,
    checkouts,
    customers,
    disputes,
    invoices,
    payments,
    payouts,
    refunds,
    subscription_pauses,
    subscriptions,
)
from webhooks.testing.fake_stripe.deliveries import Deliveries, Policy
from webhooks.testing.fake_stripe.events import CURRENT, OLD, deliverable, truth
from webhooks.testing.fake_stripe.faults import Fault
from webhooks.testing.fake_stripe.records import WebhookEndpoint
from webhooks.testing.fake_stripe.server import Served, serve
from webhooks.testing.fake_stripe.stories import random_story
from webhooks.testing.fake_stripe.world import Account, World

__all__ = [
    "CURRENT",
    "OLD",
    "Account",
    "Deliveries",
    "Fault",
    "Policy",
    "Served",
    "WebhookEndpoint",
    "World",
    "catalog",
    "checkouts",
    "customers",
    "deliverable",
    "disputes",
    "invoices",
    "payments",
    "payouts",
    "random_story",
    "refunds",
    "serve",
    "subscription_pauses",
    "subscriptions",
    "truth",
]
