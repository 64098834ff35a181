"""Send a drill's deliveries over several connections, as a provider does."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from webhooks.drill.connection import Connection
from webhooks.drill.deliveries import Burst, DrillDelivery
from webhooks.drill.delivery_log import DeliveryLog
from webhooks.drill.target import Target

PROGRESS_SECONDS = 0.5

PAUSES = (0.1, 0.3, 1.0, 3.0, 9.0)
"""Seconds after which a delivery that got a 503 or no answer is sent again, as a provider would."""


class BurstQueue:
    """Hands out bursts to several threads."""

    def __init__(self, bursts: Iterator[Burst]) -> None:
        self._bursts = bursts
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Burst]:
        while True:
            # A generator must not be advanced by two threads at once.
            with self._lock:
                burst = next(self._bursts, None)
            if burst is None:
                return
            yield burst

    def stop(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._bursts = iter(())


def send_all(
    url: str,
    target: Target,
    bursts: Iterator[Burst],
    log: DeliveryLog,
    *,
    concurrency: int,
    progress: Callable[[], None],
) -> None:
    """Send everything over `concurrency` connections, and record the answers in the log."""
    queue = BurstQueue(bursts)
    with ThreadPoolExecutor(concurrency) as pool:
        running = {pool.submit(_send_bursts, url, target, queue, log) for _ in range(concurrency)}
        # A thread that failed must end the drill with its error, and not be waited for.
        try:
            while running:
                done, running = wait(running, PROGRESS_SECONDS, return_when=FIRST_EXCEPTION)
                for thread in done:
                    thread.result()
                progress()
        finally:
            queue.stop()


def _send_bursts(url: str, target: Target, queue: BurstQueue, log: DeliveryLog) -> None:
    with Connection(url) as connection:
        for burst in queue:
            for delivery in burst:
                if not _deliver(connection, delivery, target, log):
                    queue.stop()  # after every retry: the receiver is gone


def _deliver(
    connection: Connection, delivery: DrillDelivery, target: Target, log: DeliveryLog
) -> bool:
    """Send a delivery until its answer is final; False when it never was."""
    for pause in (*PAUSES, None):
        started = time.perf_counter()
        # Signed anew for each attempt, as providers do: a retry must not go stale.
        body, headers = target.sent(delivery)
        reply = connection.post(body, {"Content-Type": target.media_type, **headers})
        is_final = log.record_answer(delivery, reply, time.perf_counter() - started)
        if is_final or pause is None:
            break
        time.sleep(pause)
    log.record_last_answer(delivery, reply)
    return is_final
