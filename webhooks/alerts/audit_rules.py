"""Find out that the audit trail does not prove what it should."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from webhooks import audit, conf
from webhooks.models import AuditVerification
from webhooks.monitoring.alert_rules import Finding, Look
from webhooks.monitoring.heartbeats import looking_since


def audit_damaged(look: Look) -> Iterator[Finding]:
    """Find that the last `audit verify` found anything."""
    last = AuditVerification.objects.first()
    if last is not None and last.found:
        yield Finding(
            "`audit verify` found what is not as it was recorded. It lists all of it with --all.",
            count=last.found,
            since=last.verified_at,
        )


def seal_late(look: Look) -> Iterator[Finding]:
    """Find that what was recorded has not been sealed for long, where it is to be."""
    every = conf.seal_every()
    if every is None:
        return
    sealed = audit.sealed_up_to(look.now)
    since = sealed or (_oldest_unsealed(look.now) if look.once else looking_since(look.now))
    # Nobody can ask for less than what the schedule brings about.
    if look.now - since >= max(timedelta(seconds=look.terms.threshold), 3 * every):
        up_to = f"{sealed:%Y-%m-%d %H:%M:%S} UTC" if sealed else "nothing ever"
        yield Finding(f"What was recorded is not sealed. Sealed up to: {up_to}.", since=since)


def _oldest_unsealed(now: datetime) -> datetime:
    return min((each.oldest for each in audit.unsealed().values() if each.oldest), default=now)
