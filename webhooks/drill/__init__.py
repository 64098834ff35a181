"""Deliver genuine and hostile bursts to a running receiver, and hold its tables against them."""

import secrets
import time
from collections.abc import Callable, Iterator
from itertools import chain

from webhooks import conf
from webhooks.drill.firing import fire
from webhooks.drill.invariants import examine
from webhooks.drill.ledger import Ledger
from webhooks.drill.plan import bursts
from webhooks.drill.report import Orders, Report
from webhooks.drill.shots import Burst, event_id
from webhooks.drill.wire import NO_ANSWER, Line, is_loopback
from webhooks.models import WebhookEvent

POLL_SECONDS = 0.1


class Unfit(Exception):
    """The drill can't be held: it would trouble a stranger, or could find nothing out."""


Progress = Callable[[str, int], None]
"""Called now and then with what is being counted, and how much of it there is."""


def hold(orders: Orders, progress: Progress, *, is_own_host: bool = False) -> Report:
    """Deliver, wait until nothing of the drill's is pending, and examine.

    Raises `Unfit`: also for an address that isn't this machine's, unless `is_own_host`.
    """
    if not is_own_host and not is_loopback(orders.url):
        raise Unfit(f"{orders.url} is not on this machine, and this is a load on it")
    secret = _secret()
    ledger = Ledger(secrets.token_hex(8))
    plan = bursts(ledger.run, orders.deliveries, orders.seed)
    started = time.perf_counter()
    first = _deliver_first(orders.url, secret, plan, ledger)
    fire(
        orders.url,
        secret,
        plan,
        ledger,
        concurrency=orders.concurrency,
        progress=lambda: progress("delivered", ledger.delivered),
    )
    sent = time.perf_counter()
    _wait_until_settled(ledger, first, orders.patience, progress)
    settled = time.perf_counter()
    return Report(orders, ledger, examine(ledger, first), sent - started, settled - sent)


def _secret() -> str:
    endpoint = conf.endpoint("stripe")
    if endpoint is None or not endpoint.secrets:
        raise Unfit("there is no secret to sign with: set STRIPE_WEBHOOK_SECRET as the server's")
    return endpoint.secrets[0]


def _deliver_first(url: str, secret: str, plan: Iterator[Burst], ledger: Ledger) -> int:
    """The primary key of the first event, which shows that server and database go together."""
    with Line(url) as line:
        if line.post(b"", {}).status == NO_ANSWER:
            raise Unfit(f"nobody answers at {url} (see --url)")
    fire(url, secret, chain([next(plan)]), ledger, concurrency=1, progress=lambda: None)
    if not ledger.is_accepted(0):
        answers = ", ".join(answer for _, answer in ledger.answers)
        raise Unfit(f"{url} does not take a genuine event: {answers}")
    row = WebhookEvent.objects.filter(event_id=event_id(ledger.run, 0)).first()
    if row is None:
        raise Unfit(
            f"{url} took an event that is not in this database: set DATABASE_URL (or "
            "DATABASE_PATH) to the one that the server uses"
        )
    return row.pk


def _wait_until_settled(ledger: Ledger, first: int, patience: float, progress: Progress) -> None:
    deadline = time.monotonic() + patience
    pending = WebhookEvent.objects.filter(
        status=WebhookEvent.Status.PENDING, pk__gte=first, event_id__startswith=f"evt_{ledger.run}_"
    )
    while (left := pending.count()) and time.monotonic() < deadline:
        progress("pending", left)
        time.sleep(POLL_SECONDS)
