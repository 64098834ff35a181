"""Send genuine and hostile deliveries to a running receiver, and check its tables afterwards."""

import random
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from itertools import chain

from webhooks.drill.bursts import generate_bursts
from webhooks.drill.connection import NO_ANSWER, Connection, is_loopback
from webhooks.drill.deliveries import Burst, DeliveryKind
from webhooks.drill.delivery_log import DeliveryLog
from webhooks.drill.invariants import check_invariants
from webhooks.drill.report import DrillOptions, DrillReport
from webhooks.drill.sender import send_all
from webhooks.drill.target import NoTarget, Target
from webhooks.models import WebhookEvent

POLL_SECONDS = 0.1


class CannotRun(Exception):
    """The drill would load a stranger's host, or could find nothing out; the message says why."""


Progress = Callable[[str, int], None]
"""Called now and then with the name of what is being counted, and the count."""


def run(options: DrillOptions, progress: Progress, *, is_own_host: bool = False) -> DrillReport:
    """Deliver, wait until none of the drill's events is pending, and check every invariant.

    Raises `CannotRun`: also for an address that isn't this machine's, unless `is_own_host`.
    """
    # Refused before anything is sent: a drill is a load test, and with hostile bodies at that.
    if not is_own_host and not is_loopback(options.url):
        raise CannotRun(f"{options.url} is not on this machine, and this is a load on it")
    try:
        target = Target.of(options.endpoint)
    except NoTarget as error:
        raise CannotRun(str(error)) from error
    log = DeliveryLog(
        secrets.token_hex(8), target.provider.accepted, any_refusal=not target.is_stripes
    )
    left_out = _left_out(target, log.run)
    bursts = generate_bursts(
        log.run,
        options.deliveries,
        options.seed,
        target=None if target.is_stripes else target,
        left_out=left_out,
    )
    started = time.perf_counter()
    first = _deliver_first(options.url, target, bursts, log)
    send_all(
        options.url,
        target,
        bursts,
        log,
        concurrency=options.concurrency,
        progress=lambda: progress("delivered", log.delivered),
    )
    sent = time.perf_counter()
    _wait_until_settled(log, first, options, progress)
    settled = time.perf_counter()
    results = check_invariants(log, first, with_faults=options.with_faults)
    return DrillReport(options, log, results, sent - started, settled - sent, tuple(left_out))


def _left_out(target: Target, run: str) -> Collection[DeliveryKind]:
    if target.is_stripes:
        return ()
    return sorted(target.left_out(next(target.genuine(run, random.Random(0)))))  # noqa: S311


def _deliver_first(url: str, target: Target, bursts: Iterator[Burst], log: DeliveryLog) -> int:
    """Return the primary key of the first event: server and database belong together."""
    with Connection(url) as connection:
        # Asked without the sender's retries, so that a server that is not there is told at once.
        if connection.post(b"", {}).status == NO_ANSWER:
            raise CannotRun(f"nobody answers at {url} (see --url)")
    burst = next(bursts)
    send_all(url, target, chain([burst]), log, concurrency=1, progress=lambda: None)
    if not log.is_accepted(0):
        answers = ", ".join(answer for _, answer in log.answers)
        raise CannotRun(f"{url} does not take a genuine event: {answers}")
    sent = WebhookEvent.objects.filter(provider=target.provider.name, event_id=burst[0].event_id)
    row = sent.first()
    # With another database every event would count as lost, which is a wrong setting and no fault.
    if row is None:
        raise CannotRun(
            f"{url} took an event that is not in this database: set DATABASE_URL (or "
            "DATABASE_PATH) to the one that the server uses"
        )
    return row.pk


def _wait_until_settled(
    log: DeliveryLog, first: int, options: DrillOptions, progress: Progress
) -> None:
    deadline = time.monotonic() + options.patience
    # By primary key first: the rows of years before the drill need not be searched by their ids.
    pending = WebhookEvent.objects.filter(
        status=WebhookEvent.Status.PENDING, pk__gte=first, endpoint=options.endpoint
    )
    while (left := pending.count()) and time.monotonic() < deadline:
        progress("pending", left)
        time.sleep(POLL_SECONDS)
