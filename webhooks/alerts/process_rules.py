"""Find out that nobody does the work: by heartbeats."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from webhooks.models import Heartbeat
from webhooks.monitoring import heartbeats
from webhooks.monitoring.alert_rules import Finding, Look
from webhooks.monitoring.heartbeats import Kind, looking_since

_RUN = {
    Kind.WORKER: "celery -A payments_project worker",
    Kind.BEAT: "celery -A payments_project beat",
    Kind.LOOP: "manage.py process_events --loop",
}


def no_worker(look: Look) -> Iterator[Finding]:
    """Find that no worker, or no loop, is at work where `WEBHOOK_PROCESSING` needs one."""
    seen = heartbeats.last_seen()
    for kind in heartbeats.expected():
        if kind is not Kind.BEAT and (since := _gone_since(kind, seen, look)):
            yield _finding(kind, seen, since)


def no_beat(look: Look) -> Iterator[Finding]:
    """Find that beat is not at work while workers are: without one, nobody can tell."""
    seen = heartbeats.last_seen()
    if Kind.BEAT not in heartbeats.expected() or _gone_since(Kind.WORKER, seen, look):
        return
    if since := _gone_since(Kind.BEAT, seen, look):
        yield _finding(Kind.BEAT, seen, since)


def _gone_since(
    kind: Heartbeat.Kind, seen: Mapping[Heartbeat.Kind, datetime], look: Look
) -> datetime | None:
    since = last = seen.get(kind)
    # After an outage of everything, servers may be back before workers are.
    if not look.once and (since is None or not look.open):
        since = max(looking_since(look.now), last or looking_since(look.now))
    is_gone = since is None or look.now - since >= timedelta(seconds=look.terms.threshold)
    return since or look.now if is_gone else None


def _finding(
    kind: Heartbeat.Kind, seen: Mapping[Heartbeat.Kind, datetime], since: datetime
) -> Finding:
    last = f"{seen[kind]:%Y-%m-%d %H:%M:%S} UTC" if kind in seen else "never"
    return Finding(f"Nothing has been seen of `{_RUN[kind]}`. Last seen: {last}.", since=since)
