"""Celery tasks of billing, which beat calls on a schedule."""

import logging
import time
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

from billing import conf
from billing.conf import Fetching
from billing.fetching.doubts import to_settle
from billing.fetching.drift import Compared, compare_all
from billing.idempotency.expiry import clean_up
from billing.models import MODELS
from billing.privacy.erasure import finish_all
from billing.privacy.outcomes import ALTERED
from billing.reach import askable, beside_live

logger = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 6 * 3600

TURN_SECONDS: Final = 60.0
"""After so long a worker leaves the rest to the next day: old keys harm nobody."""


@shared_task(name="billing.settle_doubts")
def settle_doubts() -> None:
    """Fetch every object that events left in doubt and no event has settled since.

    One that the provider did not settle waits: twice as long each time.
    """
    if conf.fetching() is Fetching.NEVER:
        return
    # Repaired without being told to: events could not decide, so nothing of theirs is overruled.
    for compared in compare_all(to_settle(now=timezone.now()), repair=True):
        _log(compared)


# Acknowledged as it begins: one that takes hours would be delivered again and run twice.
@shared_task(name="billing.reconcile", acks_late=False, time_limit=LONGEST_SECONDS)
def reconcile() -> None:
    """Compare the objects that changed since the last run with what the provider has."""
    # Twice the interval: a run that is late, or was missed once, leaves no gap.
    since = timezone.now() - timedelta(hours=2 * conf.setting("RECONCILE_BILLING_EVERY_HOURS"))
    rows = [
        model._default_manager.filter(askable(name), updated_at__gte=since).exclude(beside_live())
        for name, model in MODELS.items()
    ]
    for compared in compare_all(rows, repair=conf.setting("RECONCILE_BILLING_REPAIR")):
        _log(compared)


@shared_task(name="billing.finish_erasures", acks_late=False, time_limit=LONGEST_SECONDS)
def finish_erasures() -> None:
    """Erase what has since turned out to belong to people who were erased."""
    for customer_id, done in finish_all():
        if done is None:
            logger.error("the erasure of %s was refused: nobody began it on record", customer_id)
            continue
        kept = done.pop(ALTERED, 0)
        logger.info("more of %s was erased: %s rows", customer_id, done.total())
        if kept:
            logger.error("%s rows of %s were kept: they were altered", kept, customer_id)


@shared_task(name="billing.cleanup_keys")
def cleanup_keys() -> None:
    """Delete the idempotency keys whose lifetime is over."""
    deadline = time.monotonic() + TURN_SECONDS
    done = clean_up(now=timezone.now(), is_over=lambda: time.monotonic() > deadline)
    logger.info("%s idempotency keys were deleted", done)


def _log(compared: Compared) -> None:
    provider_id = compared.subject.provider_id
    if compared.mended:
        logger.warning("mended %s: %s", provider_id, _what(compared))
    elif not compared.is_well:
        logger.warning("%s is not as the provider has it: %s", provider_id, _what(compared))


def _what(compared: Compared) -> str:
    if compared.gone:
        return "it has no such object"
    if compared.out_of_reach:
        return "it can't be asked with this key"
    return compared.failure or ", ".join(compared.differences) or "it was in doubt"
