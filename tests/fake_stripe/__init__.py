"""A small Stripe: its objects, its events, its HTTP API and its webhooks, in memory.

`World` holds everything, `serve` puts it on a loopback port, `stories` makes things happen in it.
It knows nothing of the project that it is there to try.
"""

from tests.fake_stripe.deliveries import Deliveries, Policy
from tests.fake_stripe.events import CURRENT, OLD, deliverable, truth
from tests.fake_stripe.faults import Fault
from tests.fake_stripe.records import Endpoint
from tests.fake_stripe.server import serve
from tests.fake_stripe.stories import random_story
from tests.fake_stripe.world import Account, World

__all__ = [
    "CURRENT",
    "OLD",
    "Account",
    "Deliveries",
    "Endpoint",
    "Fault",
    "Policy",
    "World",
    "deliverable",
    "random_story",
    "serve",
    "truth",
]
