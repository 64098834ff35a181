"""The contenders: what is measured, with which deliveries, and how their work is verified."""

from dataclasses import dataclass, replace
from enum import StrEnum

from benchmarks.djstripe_project.prepare import ENDPOINT_UUID

ENDPOINT = "/webhooks/stripe"
BILLING_EVENTS = ("invoice.paid", "customer.subscription.updated")
# dj-stripe has no handler for this type, so it does nothing but store the event: its best case.
CHEAPEST_EVENT = ("balance.available",)


class Supply(StrEnum):
    """The deliveries that a contender gets."""

    FRESH = "distinct events"
    REPEATED = "many events, recorded before"
    HOT = "one event, recorded before"
    FORGED = "signed with another secret"


class Host(StrEnum):
    """The server that a contender runs on, each with tables of its own to empty before a run."""

    RECORDING = "recording only"
    RECORDING_WITH_REDIS = "recording only, with Redis"
    PROCESSING = "processing in the request"
    DEFERRED = "processing on Celery workers"
    UNTUNED = "Django's default connections"
    DJSTRIPE = "dj-stripe, Django's default connections"
    DJSTRIPE_TUNED = "dj-stripe, connections kept"


BILLING_TABLES = (
    "billing_billingchange",
    "billing_customer",
    "billing_invoice",
    "billing_subscription",
)
TABLES = {
    Host.RECORDING: ("webhooks_webhookevent", "benchmarks_plainevent"),
    Host.RECORDING_WITH_REDIS: ("webhooks_webhookevent",),
    Host.UNTUNED: ("benchmarks_plainevent",),
    Host.PROCESSING: ("webhooks_webhookevent", *BILLING_TABLES),
    Host.DEFERRED: ("webhooks_webhookevent", *BILLING_TABLES),
    Host.DJSTRIPE: ("djstripe_webhookeventtrigger", "djstripe_event"),
    Host.DJSTRIPE_TUNED: ("djstripe_webhookeventtrigger", "djstripe_event"),
}


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to send deliveries to.

    `expected` are the statuses that count as answers. `proofs` are queries that count the work
    done: each must grow by `work_per_answer` per answer.
    """

    name: str
    host: Host
    path: str
    supply: Supply = Supply.FRESH
    event_types: tuple[str, ...] = BILLING_EVENTS
    expected: tuple[int, ...] = (200,)
    proofs: tuple[str, ...] = ()
    work_per_answer: int = 1


_RECORDED = "SELECT count(*) FROM webhooks_webhookevent"
# Each invoice is paid and each subscription active, so every event leaves one such row.
_PAID_AND_ACTIVE = """
SELECT (SELECT count(*) FROM billing_invoice WHERE status = 'paid')
    + (SELECT count(*) FROM billing_subscription WHERE status = 'active')
"""

NEW = Contender("new events", Host.RECORDING, ENDPOINT, proofs=(_RECORDED,))
REPEATED = Contender(
    "duplicates, many events",
    Host.RECORDING,
    ENDPOINT,
    Supply.REPEATED,
    proofs=(_RECORDED,),
    work_per_answer=0,
)
HOT = Contender(
    "duplicates, one event",
    Host.RECORDING,
    ENDPOINT,
    Supply.HOT,
    proofs=(_RECORDED,),
    work_per_answer=0,
)
NEW_WITH_REDIS = replace(NEW, name="new events, with Redis", host=Host.RECORDING_WITH_REDIS)
NEW_DEFERRED = replace(NEW, name="new events, calling Celery workers", host=Host.DEFERRED)
HOT_WITH_REDIS = replace(
    HOT, name="duplicates, one event, with Redis", host=Host.RECORDING_WITH_REDIS
)
FORGED = Contender(
    "bad signatures",
    Host.RECORDING,
    ENDPOINT,
    Supply.FORGED,
    expected=(400, 429),
    proofs=(_RECORDED,),
    work_per_answer=0,
)
# On the host without a rate limit, so that each signature is computed and compared.
FORGED_UNLIMITED = replace(
    FORGED, name="bad signatures, none rate-limited", host=Host.PROCESSING, expected=(400,)
)
BILLED = Contender(
    "new events, billing done in the request",
    Host.PROCESSING,
    ENDPOINT,
    proofs=(
        f"{_RECORDED} WHERE status = 'processed'",
        _PAID_AND_ACTIVE,
    ),
)
EMPTY = Contender("an empty Django view", Host.RECORDING, "/benchmarks/empty")
# As Django has its connections by default, and once more as ours are: no contender should lose by
# a setting alone.
PLAIN = Contender(
    "a plain view: select_for_update().get_or_create()",
    Host.UNTUNED,
    "/benchmarks/plain",
    proofs=("SELECT count(*) FROM benchmarks_plainevent",),
)
PLAIN_TUNED = replace(
    PLAIN, name="the plain view, connections kept as ours are", host=Host.RECORDING
)
DJSTRIPE = Contender(
    "dj-stripe's endpoint, its cheapest event",
    Host.DJSTRIPE,
    f"/stripe/webhook/{ENDPOINT_UUID}/",
    event_types=CHEAPEST_EVENT,
    proofs=("SELECT count(*) FROM djstripe_event",),
)

DJSTRIPE_TUNED = replace(
    DJSTRIPE, name="dj-stripe's endpoint, connections kept as ours are", host=Host.DJSTRIPE_TUNED
)

CONTENDERS = (
    NEW,
    REPEATED,
    HOT,
    NEW_WITH_REDIS,
    HOT_WITH_REDIS,
    NEW_DEFERRED,
    FORGED,
    FORGED_UNLIMITED,
    BILLED,
    EMPTY,
    PLAIN,
    PLAIN_TUNED,
    DJSTRIPE,
    DJSTRIPE_TUNED,
)
PGBENCH = "pgbench: the endpoint's own INSERT alone"
