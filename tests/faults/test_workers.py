"""Workers that are lost, hang, are paused, or hear the wrong messages."""

import signal
from collections.abc import Iterator
from itertools import count
from threading import Event as Flag
from threading import Thread

import pytest
from redis import Redis

from tests.faults import points
from tests.faults.programs import Program
from tests.faults.system import System, make, refunds

pytestmark = pytest.mark.postgresql

BURST = 60


@pytest.mark.parametrize(
    "point", [points.CLAIMED, points.HANDLING, points.SETTLING, points.SETTLED]
)
def test_a_worker_s_process_is_killed(system: System, point: str) -> None:
    system.order(point, points.KILL)
    ids = [system.insist(event) for event in refunds(12)]

    system.wait_until(lambda: system.taken_by(point))
    system.check(ids)


def test_a_whole_worker_is_killed_in_the_middle_of_its_work(system: System) -> None:
    system.order(points.SETTLING, points.KILL_ALL)
    with system.burst(refunds(BURST)) as sent:
        system.wait_until(lambda: not system.worker.is_running)
        system.worker.start()

    system.check([each.result() for each in sent])


def test_events_that_harm_their_worker_fail_alone(system: System) -> None:
    lost = "PermanentFailure: 3 workers took this event and were not heard of again"
    harmful = {"fault.hang": lost, "fault.exit": lost, "fault.exhaust": "MemoryError"}
    ids = {kind: system.insist(make(kind)) for kind in harmful}
    ordinary = [system.insist(event) for event in refunds(12)]

    system.check(ordinary)
    for kind, reason in harmful.items():
        told = "SELECT status, last_error FROM webhooks_webhookevent WHERE event_id = %s"
        ((status, error),) = system.query(told, ids[kind])
        assert (status, error[: len(reason)]) == ("failed", reason)


class Meddler:
    """Stands between two queues: drops a tenth of the messages, doubles a tenth, and turns
    their order around."""

    def __init__(self, url: str, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.dropped = self.doubled = 0
        self._redis = Redis.from_url(url)
        self._numbers = count()
        self._stop = Flag()
        self._thread = Thread(target=self._meddle)

    def __enter__(self) -> "Meddler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._redis.close()

    def _meddle(self) -> None:
        # Waiting between two looks lets several messages come together, to be turned around.
        while not self._stop.wait(0.1):
            with self._redis.pipeline() as taking:
                taking.lrange(self.source, 0, -1)
                taking.delete(self.source)
                messages: list[bytes] = taking.execute()[0]
            for message in reversed(messages):
                self._pass_on(message, next(self._numbers) % 10)

    def _pass_on(self, message: bytes, lot: int) -> None:
        self.dropped += lot == 3
        self.doubled += lot == 7
        for _ in range({3: 0, 7: 2}.get(lot, 1)):
            self._redis.rpush(self.target, message)


def test_messages_are_lost_doubled_and_out_of_order(system: System) -> None:
    system.worker.kill()
    worker = system.worker_on("meddled")
    worker.start()
    try:
        with Meddler(system.redis.url, "webhooks", "meddled") as meddler:
            ids = []
            while not (meddler.dropped > 2 and meddler.doubled > 2):
                ids += [system.insist(event) for event in refunds(5)]
            system.check(ids)
    finally:
        worker.kill()


@pytest.fixture
def sweeps(system: System) -> Iterator[list[Program]]:
    """Two sweeps to start, while Celery's worker and beat stand still."""
    idle = [system.worker, system.beat]
    sweeps = [
        system.program(
            f"sweep-{n}", "manage.py", "process_events", "--loop", "--poll-seconds", "0.1"
        )
        for n in range(2)
    ]
    for program in idle:
        program.signal(signal.SIGSTOP)
    yield sweeps
    for program in sweeps:
        program.kill()
        program.log.unlink(missing_ok=True)
    for program in idle:
        program.signal(signal.SIGCONT)


@pytest.mark.parametrize("point", [points.CLAIMED, points.HANDLING, points.SETTLING])
def test_a_worker_is_paused_beyond_its_lease_and_goes_on(
    system: System, sweeps: list[Program], point: str
) -> None:
    system.order(point, points.STOP)
    ids = [system.insist(event) for event in refunds(3)]
    sweeps[0].start()
    system.wait_until(lambda: system.taken_by(point))
    sweeps[1].start()

    # The other takes what it can; what the first is in the middle of stays locked.
    left = 0 if point == points.CLAIMED else 1
    system.wait_until(lambda: system.pending() == left)
    sweeps[0].signal(signal.SIGCONT)
    sweeps[0].signal(signal.SIGTERM)
    assert sweeps[0].wait() == 0
    system.check(ids)


def test_two_sweeps_share_the_work(system: System, sweeps: list[Program]) -> None:
    for program in sweeps:
        program.start()
    ids: list[str] = []
    while not all("processed refund" in program.tail() for program in sweeps):
        ids += [system.insist(event) for event in refunds(2)]
    with system.burst(refunds(BURST)) as sent:
        pass
    ids += [each.result() for each in sent]

    system.check(ids)
    sql = (
        "SELECT DISTINCT attempts, lost_leases FROM webhooks_webhookevent WHERE event_id = ANY(%s)"
    )
    assert system.query(sql, ids) == [(1, 0)]
