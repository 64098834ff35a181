"""The rules of apps above webhooks: they open by their cause, and resolve after it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing.models import Charge
from payments_project import alert_rules
from webhooks.alerts.evaluation import INTERVAL, evaluate
from webhooks.models import Alert
from webhooks.testing.servers import free_port

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def pass_time(self, seconds: float = 0) -> set[str]:
        """Let time pass, evaluate, and return the rules whose alerts are open."""
        self.now += max(timedelta(seconds=seconds), INTERVAL)
        assert evaluate(clock=lambda: self.now)
        return set(Alert.objects.filter(resolved_at=None).values_list("rule", flat=True))


@pytest.fixture
def clock() -> Iterator[Clock]:
    alert_rules.reset()
    yield Clock()
    alert_rules.reset()


def test_objects_in_doubt_for_an_hour_are_told_until_they_are_not(clock: Clock) -> None:
    doubtful = Charge.objects.create(provider_id="ch_1", livemode=False, in_doubt=True)
    assert clock.pass_time(3000) == set()
    assert clock.pass_time(700) == {"billing_in_doubt"}

    doubtful.in_doubt = False
    doubtful.save()
    assert clock.pass_time(300) == set()


@pytest.mark.parametrize("rule", ["redis_away", "broker_away"])
def test_what_does_not_answer_for_long_is_told_until_it_does(
    clock: Clock, settings: Settings, rule: str
) -> None:
    before = settings.CACHES, settings.CELERY_BROKER_URL
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    if rule == "redis_away":
        backend = "django_redis.cache.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": nobody}}
    else:
        settings.CELERY_BROKER_URL = nobody
    assert clock.pass_time() == set()
    assert clock.pass_time(30) == {rule}

    settings.CACHES, settings.CELERY_BROKER_URL = before
    assert clock.pass_time(30) == set()


def test_an_answer_that_is_missed_once_is_no_outage(clock: Clock, settings: Settings) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    for broker in (nobody, "", nobody):
        settings.CELERY_BROKER_URL = broker
        assert clock.pass_time(25) == set()
