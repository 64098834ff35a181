"""What is missing or malformed is named, with its fix."""

import json
from collections.abc import Callable
from secrets import token_hex, token_urlsafe
from typing import Any

import pytest
from django.core import checks
from django.db.models import NOT_PROVIDED
from pytest_django import Settings

from webhooks.conf import RetryPolicy
from webhooks.models import WebhookEvent
from webhooks.testing.client import post, sign
from webhooks.tests.events import make_event

GOOD = "whsec_another_known_to_all_and_good_for_tests"
SIGNING_SESSIONS = "known-to-all-and-good-for-tests-only"
SIGNING_THE_TRAIL = "known-to-all-and-good-for-tests-of-the-trail"


def found(**options: Any) -> set[str]:
    return {problem.id or "" for problem in checks.run_checks(tags=["webhooks"], **options)}


def test_the_suites_own_settings_pass() -> None:
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
        ("STRIPE_TOLERANCE_SECONDS", 3 * 365 * 24 * 3600, "webhooks.E014"),
        ("WEBHOOK_MAX_BODY_BYTES", 0, "webhooks.E004"),
        ("WEBHOOK_REPLAY_CACHE_SECONDS", -1, "webhooks.E004"),
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
        ("WEBHOOK_ALERTS", {"no_such_rule": None}, "webhooks.E032"),
        ("WEBHOOK_ALERTS", {"events_wait": {"thresholds": 5}}, "webhooks.E032"),
        ("WEBHOOK_ALERTS", {"events_wait": {"threshold": "long"}}, "webhooks.E032"),
        ("WEBHOOK_ALERTS", {"events_wait": {"cool_down": -1}}, "webhooks.E032"),
        ("SITE_URL", "payments.example", "webhooks.E034"),
        ("SITE_URL", "https://MARKED@payments.example", "webhooks.E034"),
        ("RECONCILE_EVERY_MINUTES", -1, "webhooks.E007"),
        ("RECONCILE_EVERY_MINUTES", 60, "webhooks.E008"),
        ("AUDIT_KEY", "", "webhooks.E009"),
        ("SECRET_KEY", "known-to-all-and-good-for-tests-of-the-trail", "webhooks.E030"),
        ("AUDIT_SEAL_EVERY_MINUTES", -1, "webhooks.E031"),
        (
            "AUDIT_KEY_FALLBACKS",
            [" known-to-all-and-good-for-tests-of-the-trail"],
            "webhooks.W031",
        ),
        ("STRIPE_WEBHOOK_SECRET", "whsec_...", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_xxx", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "changeme", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "<your secret>", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", f"{GOOD},your-webhook-secret", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "sk_test_51abc", "webhooks.E021"),
        ("STRIPE_WEBHOOK_SECRET", f"{GOOD},rk_live_51abc", "webhooks.E021"),
        ("STRIPE_WEBHOOK_SECRET", "pk_live_51abc", "webhooks.E021"),
        ("STRIPE_WEBHOOK_SECRET", "known-to-all-and-good-for-tests-only", "webhooks.E023"),
        ("STRIPE_WEBHOOK_SECRET", f'"{GOOD}"', "webhooks.E024"),
        ("STRIPE_WEBHOOK_SECRET", f"{GOOD}\u200b", "webhooks.E024"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_${STRIPE_SECRET_OF_THE_VAULT}", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "$(cat /run/secrets/stripe_webhook)", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", "$STRIPE_SECRET_OF_THE_VAULT", "webhooks.E020"),
        ("STRIPE_WEBHOOK_SECRET", SIGNING_THE_TRAIL, "webhooks.E023"),
        ("AUDIT_KEY", f"'{GOOD}'", "webhooks.E024"),
        ("AUDIT_KEY", "change-me-change-me-change-me-change-me", "webhooks.E020"),
        ("AUDIT_KEY", "${AUDIT_KEY_OF_THE_VAULT_OF_PRODUCTION}", "webhooks.E020"),
        ("AUDIT_KEY_FALLBACKS", ["<the former key>"], "webhooks.E020"),
        ("AUDIT_KEY_FALLBACKS", [SIGNING_SESSIONS], "webhooks.E030"),
        ("METRICS_TOKEN", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "webhooks.E020"),
        ("METRICS_TOKEN", "{{ metrics_token }}", "webhooks.E020"),
        ("METRICS_TOKEN", f'"{GOOD}"', "webhooks.E024"),
        ("METRICS_TOKEN", SIGNING_SESSIONS, "webhooks.E023"),
        ("METRICS_TOKEN", SIGNING_THE_TRAIL, "webhooks.E023"),
        ("METRICS_TOKEN", "whsec_known_to_all_and_good_for_tests_only", "webhooks.E023"),
        ("STRIPE_API_KEY", "whsec_abc", "webhooks.E022"),
        ("STRIPE_API_KEY", "pk_test_abc", "webhooks.E022"),
        ("STRIPE_API_KEY", "'sk_test_abc'", "webhooks.E024"),
        ("STRIPE_API_KEY", "sk_test_...", "webhooks.E025"),
    ],
)
def test_a_harmful_setting_is_an_error(
    settings: Settings, name: str, value: Any, problem: str
) -> None:
    setattr(settings, name, value)

    assert found() == {problem}


@pytest.mark.parametrize(
    ("urls", "problems"),
    [
        ("json://127.0.0.1/x", []),
        ("hooks.example/MARKED", ["Address 1 of"]),
        ("json://127.0.0.1,nonsense://MARKED,slack://MARKED", ["2 (nonsense)", "3 (slack)"]),
    ],
)
def test_an_address_of_alerts_is_named_by_its_place_alone(
    settings: Settings, urls: str, problems: list[str]
) -> None:
    settings.SITE_URL = "https://payments.example.com"
    settings.ALERT_URLS = urls
    told = checks.run_checks(tags=["webhooks"], include_deployment_checks=True)
    found = [problem.msg for problem in told if problem.id == "webhooks.E033"]

    assert len(found) == len(problems)
    assert all(part in msg for part, msg in zip(problems, found, strict=True))
    assert "MARKED" not in str(told)


def test_alerts_that_can_lead_nowhere_are_warned_of(settings: Settings) -> None:
    settings.ALERT_URLS, settings.ALLOWED_HOSTS = "json://127.0.0.1", ["*"]
    assert found() == {"webhooks.W032"}

    settings.ALLOWED_HOSTS = ["payments.example.com"]
    assert found() == set()


def test_an_entry_of_an_allow_list_is_named_by_its_place_alone(settings: Settings) -> None:
    settings.ALLOWED_WEBHOOK_IPS = f"198.51.100.1, {GOOD}"

    [told] = checks.run_checks(tags=["webhooks"])
    assert told.msg.startswith("ALLOWED_WEBHOOK_IPS: number 2 is neither an address, nor a network")
    assert told.msg.endswith("nor one of: stripe, telegram.")
    assert GOOD not in told.msg


TWO = {"provider": "stripe", "secrets_setting": "STRIPE_WEBHOOK_SECRET"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"STRIPE_WEBHOOK_SECRET": "of-another-make-but-long-enough"}, "webhooks.W021"),
        ({"STRIPE_WEBHOOK_SECRET": f"{GOOD},{GOOD}"}, "webhooks.W022"),
        (
            {
                "CONNECT_SECRET": GOOD,
                "STRIPE_WEBHOOK_SECRET": GOOD,
                "WEBHOOK_ENDPOINTS": {
                    "stripe": TWO,
                    "connect": TWO | {"secrets_setting": "CONNECT_SECRET"},
                },
            },
            "webhooks.W022",
        ),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_short"}, "webhooks.W020"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_" + "a" * 32}, "webhooks.W020"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_test_secret_test_secret"}, "webhooks.W020"),
        ({"STRIPE_WEBHOOK_SECRET": f"{GOOD},whsec_short"}, "webhooks.W020"),
        ({"METRICS_TOKEN": "a"}, "webhooks.W020"),
        ({"METRICS_TOKEN": "shorter than 24 letters"}, "webhooks.W020"),
        ({"AUDIT_KEY": "shorter than 32 characters"}, "webhooks.W030"),
        ({"AUDIT_KEY": "a" * 32}, "webhooks.W030"),
        ({"AUDIT_KEY": "0123456789abcdef" * 2}, "webhooks.W030"),
        ({"AUDIT_KEY_FALLBACKS": ["short"]}, "webhooks.W030"),
        ({"STRIPE_API_KEY": "rk_test_51abc"}, "webhooks.W023"),
        ({"STRIPE_API_KEY": "sk_org_live_51abc"}, "webhooks.W027"),
        ({"STRIPE_API_KEY": "SK_LIVE_51abc"}, "webhooks.W027"),
        (
            {"STRIPE_API_KEY": "rk_live_51abc", "STRIPE_API_BASE": " HTTP://stripe.example"},
            "webhooks.W027",
        ),
        (
            {"STRIPE_API_KEY": "rk_live_51abc", "STRIPE_API_BASE": "http://stripe.example"},
            "webhooks.W027",
        ),
        ({"METRICS_DIR": f"{__file__}/counts"}, "webhooks.W026"),
        (
            {
                "STRIPE_API_KEY": "sk_live_51abc",
                "STRIPE_API_BASE": "https://api.stripe.com",
                "DEBUG": True,
            },
            "webhooks.W025",
        ),
    ],
)
def test_warnings_do_not_keep_a_server_from_starting(
    settings: Settings, changes: dict[str, Any], problem: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    told = checks.run_checks(tags=["webhooks"], include_deployment_checks=True)

    assert {each.id for each in told} == {problem}
    assert not any(each.is_serious() for each in told)


@pytest.mark.one_database
@pytest.mark.parametrize("make", [token_urlsafe, token_hex])
def test_secrets_as_they_are_made_pass(settings: Settings, make: Callable[[int], str]) -> None:
    for _ in range(200):
        settings.STRIPE_WEBHOOK_SECRET = f"whsec_{make(24)}"
        settings.METRICS_TOKEN = make(24)
        settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = make(32), [make(24)]

        assert found(include_deployment_checks=True) == set()


@pytest.mark.parametrize("secret", ["whsec_x", "whsec_old", "whsec_test", "whsec_test_secret"])
def test_trial_settings_are_no_error(settings: Settings, secret: str) -> None:
    settings.STRIPE_WEBHOOK_SECRET = secret

    assert found() == set()


def test_two_endpoints_may_share_one_secrets_setting(settings: Settings) -> None:
    settings.WEBHOOK_ENDPOINTS = {"stripe": TWO, "stripe-again": TWO}

    assert found() == set()


@pytest.mark.django_db
def test_a_test_key_with_live_data_is_found_where_the_database_may_be_asked(
    settings: Settings,
) -> None:
    settings.STRIPE_API_KEY = "sk_test_51abc"
    body = json.dumps(make_event(livemode=True)).encode()
    assert post(body, sign(body)).status_code == 200
    asked = checks.run_checks(tags=[checks.Tags.database], databases=["default"])

    assert "webhooks.W024" in {problem.id for problem in asked}
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "problems"),
    [
        ("ALLOWED_WEBHOOK_IPS", "", set()),
        ("ALLOWED_WEBHOOK_IPS", "stripe", set()),
        ("ALLOWED_WEBHOOK_IPS", "Stripe,telegram, 192.0.2.1", set()),
        ("ALLOWED_WEBHOOK_IPS", "0.0.0.0/0", set()),
        ("ALLOWED_WEBHOOK_IPS", "3.18.12.63, 10.0.0.0/8", {"webhooks.W028"}),
        ("ALLOWED_WEBHOOK_IPS", "2001:db8::/32", {"webhooks.W028"}),
        ("ALLOWED_WEBHOOK_IPS", "::ffff:192.0.2.0/120", {"webhooks.W028"}),
        ("ALLOWED_WEBHOOK_USER_AGENTS", "Stripe/", set()),
        ("ALLOWED_WEBHOOK_USER_AGENTS", "curl/, Stripe/1.0", set()),
        ("ALLOWED_WEBHOOK_USER_AGENTS", "stripe/", {"webhooks.W028"}),
    ],
)
def test_lists_that_shut_the_provider_out_are_named(
    settings: Settings, name: str, value: str, problems: set[str]
) -> None:
    setattr(settings, name, value)

    assert found() == problems


@pytest.mark.parametrize(
    ("attempt", "random_fraction", "seconds"),
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
def test_the_retry_schedule_is_validated(
    attempt: int, random_fraction: float, seconds: float | None
) -> None:
    policy = RetryPolicy(base=10, factor=3, cap=100, jitter=0.2, max_attempts=5)
    delay = policy.delay(attempt, random_fraction)

    assert (delay.total_seconds() if delay else None) == seconds


def test_an_event_column_without_a_database_default_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = WebhookEvent._meta.get_field("lane")
    monkeypatch.setattr(lane, "db_default", NOT_PROVIDED)

    [problem] = checks.run_checks(tags=["webhooks"])

    assert problem.id == "webhooks.E013"
    assert "WebhookEvent.lane" in problem.msg
