"""What is missing or malformed is named, with its fix."""

from typing import Any

import pytest
from django.core import checks
from pytest_django import Settings

from webhooks.conf import RetryPolicy


def found() -> set[str]:
    return {problem.id or "" for problem in checks.run_checks(tags=["webhooks"])}


def test_the_suite_s_own_settings_are_sound() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("STRIPE_WEBHOOK_SECRET", "", "webhooks.E001"),
        ("STRIPE_WEBHOOK_SECRET", " , ", "webhooks.E001"),
        (
            "WEBHOOK_ENDPOINTS",
            {"x": {"provider": "nobody", "secrets_setting": "STRIPE_WEBHOOK_SECRET"}},
            "webhooks.E002",
        ),
        ("WEBHOOK_PROCESSING", "later", "webhooks.E003"),
        ("WEBHOOK_PROCESSING", "celery", "webhooks.E005"),
        ("STRIPE_TOLERANCE_SECONDS", 0, "webhooks.E004"),
        ("STRIPE_TOLERANCE_SECONDS", -1, "webhooks.E004"),
        ("WEBHOOK_MAX_BODY_BYTES", 0, "webhooks.E004"),
        ("API_THROTTLE_RATE", "600", "webhooks.E006"),
        ("API_THROTTLE_RATE", "many/min", "webhooks.E006"),
        ("API_ANONYMOUS_THROTTLE_RATE", "1/year", "webhooks.E006"),
        ("WEBHOOK_LEASE_SECONDS", 0, "webhooks.E004"),
        ("ALLOWED_WEBHOOK_IPS", "198.51.100.1, nobody", "webhooks.E010"),
        ("ALLOWED_WEBHOOK_IPS", "198.51.100.1/24", "webhooks.E010"),
        ("ALLOWED_WEBHOOK_IPS", "198.51.100.256", "webhooks.E010"),
        ("ALLOWED_WEBHOOK_IPS", "::ffff:0:0/80", "webhooks.E010"),
        (
            "WEBHOOK_ENDPOINTS",
            {
                "x": {
                    "provider": "stripe",
                    "secrets_setting": "STRIPE_WEBHOOK_SECRET",
                    "allowed_ips": "stripes",
                }
            },
            "webhooks.E010",
        ),
        ("WEBHOOK_RATE_LIMIT", -1, "webhooks.E011"),
        ("TRUSTED_PROXY_COUNT", -1, "webhooks.E011"),
        ("WEBHOOK_ALARMS", {"burst": 0}, "webhooks.E012"),
        ("WEBHOOK_ALARMS", {"bursts": 5}, "webhooks.E012"),
        ("WEBHOOK_ALARMS", {"cool_down": "long"}, "webhooks.E012"),
        ("RECONCILE_EVERY_MINUTES", -1, "webhooks.E007"),
        ("RECONCILE_EVERY_MINUTES", 60, "webhooks.E008"),
        ("AUDIT_KEY", "", "webhooks.E009"),
        ("SECRET_KEY", "known-to-all-and-good-for-tests-of-the-trail", "webhooks.E030"),
        ("AUDIT_SEAL_EVERY_MINUTES", -1, "webhooks.E031"),
        ("AUDIT_KEY", "shorter than 32 characters", "webhooks.W030"),
        (
            "AUDIT_KEY_FALLBACKS",
            [" known-to-all-and-good-for-tests-of-the-trail"],
            "webhooks.W031",
        ),
        ("STAFF_SECOND_FACTOR", "sometimes", "webhooks.E040"),
    ],
)
def test_a_setting_that_would_do_harm_is_named(
    settings: Settings, name: str, value: Any, problem: str
) -> None:
    setattr(settings, name, value)

    assert found() == {problem}


@pytest.mark.parametrize(
    "value", ["", "stripe", "Stripe,telegram, 192.0.2.1", "2001:db8::/32", "::ffff:192.0.2.0/120"]
)
def test_sources_may_be_named_in_all_these_ways(settings: Settings, value: str) -> None:
    settings.ALLOWED_WEBHOOK_IPS = value

    assert found() == set()


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        (1, 0.5, 10),
        (2, 0.5, 30),
        (3, 0.5, 90),
        (4, 0.5, 100),
        (1, 0.0, 8),
        (1, 1.0, 12),
        (5, 0.5, None),
        (6, 0.5, None),
    ],
)
def test_the_retry_schedule(attempt: int, chance: float, seconds: float | None) -> None:
    policy = RetryPolicy(base=10, factor=3, cap=100, jitter=0.2, max_attempts=5)
    delay = policy.delay(attempt, chance)

    assert (delay.total_seconds() if delay else None) == seconds
