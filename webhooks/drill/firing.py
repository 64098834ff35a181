"""Sending a drill's deliveries, many at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from django.utils import timezone

from webhooks.drill.ledger import Ledger
from webhooks.drill.shots import Burst, Shot
from webhooks.drill.wire import Line
from webhooks.providers import PROVIDERS

PROGRESS_SECONDS = 0.5

PAUSES = (0.1, 0.3, 1.0, 3.0, 9.0)
"""A delivery that got a 503 or no answer is sent again after these, as a provider would."""


class Supply:
    """Bursts that several threads take from."""

    def __init__(self, bursts: Iterator[Burst]) -> None:
        self._bursts = bursts
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Burst]:
        while True:
            with self._lock:
                burst = next(self._bursts, None)
            if burst is None:
                return
            yield burst

    def stop(self) -> None:
        """Give no more out."""
        with self._lock:
            self._bursts = iter(())


def fire(
    url: str,
    secret: str,
    bursts: Iterator[Burst],
    ledger: Ledger,
    *,
    concurrency: int,
    progress: Callable[[], None],
) -> None:
    """Send everything over so many connections, and write the answers down."""
    supply = Supply(bursts)
    with ThreadPoolExecutor(concurrency) as pool:
        running = {pool.submit(_send, url, secret, supply, ledger) for _ in range(concurrency)}
        try:
            while running:
                done, running = wait(running, PROGRESS_SECONDS, return_when=FIRST_EXCEPTION)
                for thread in done:
                    thread.result()
                progress()
        finally:
            supply.stop()


def _send(url: str, secret: str, supply: Supply, ledger: Ledger) -> None:
    with Line(url) as line:
        for burst in supply:
            for shot in burst:
                if not _deliver(line, shot, secret, ledger):
                    supply.stop()  # the receiver is gone


def _deliver(line: Line, shot: Shot, secret: str, ledger: Ledger) -> bool:
    """Whether the sender can leave it at the answer that it got."""
    for pause in (*PAUSES, None):
        started = time.perf_counter()
        reply = line.post(shot.body, _headers(shot, secret))
        is_done = ledger.note(shot, reply, time.perf_counter() - started)
        if is_done or pause is None:
            break
        time.sleep(pause)
    ledger.close(shot, reply)
    return is_done


def _headers(shot: Shot, secret: str) -> dict[str, str]:
    if shot.signed is None:
        return {}
    made_at = timezone.now() - shot.age
    return PROVIDERS["stripe"].sign(shot.signed, secret=secret, now=made_at)
