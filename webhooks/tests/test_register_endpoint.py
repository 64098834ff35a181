"""`register_endpoint`: Stripe sends what handlers take, and tells its secret once."""

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import include, path
from pytest_django import Settings

from webhooks import views
from webhooks.events import Event
from webhooks.models import AuditEntry
from webhooks.registration.addresses import is_same, origin_of
from webhooks.testing.fake_stripe import CURRENT, OLD, Fault, Served, WebhookEndpoint
from webhooks.testing.plugin import Subscribe

URL = "https://pay.example.com/webhooks/stripe"
ENDPOINTS = "/v1/webhook_endpoints"

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def register(*arguments: str, on: io.StringIO | None = None) -> str:
    output = on or Terminal()
    call_command("register_endpoint", *arguments, stdout=output)
    return output.getvalue()


def keep(stripe: Served, **given: Any) -> WebhookEndpoint:
    """Have Stripe keep an endpoint for our address that somebody made."""
    made = WebhookEndpoint(**{"url": URL, "secret": "whsec_of_before"} | given)
    stripe.world.endpoints.append(made)
    return made


def made_at(stripe: Served) -> int:
    return stripe.world.faults.count("POST", ENDPOINTS)


def test_an_endpoint_is_made_that_sends_what_handlers_take(
    stripe: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "y")
    told = register(URL)

    [made] = stripe.world.endpoints
    assert (made.url, made.connect, made.livemode) == (URL, False, False)
    assert f"api_version={CURRENT}" in stripe.world.faults.requests[-1].body
    assert {"invoice.paid", "customer.subscription.paused", "payout.paid"} <= set(made.types)
    assert not {"*", "tax_rate.created", "customer.source.created"} & set(made.types)
    assert "\n  + invoice.paid\n" in told
    assert f"Created: {made.secret}\n" in told
    assert "Put it first in STRIPE_WEBHOOK_SECRET" in told


def test_a_second_time_there_is_nothing_to_do(stripe: Served) -> None:
    register(URL, "--yes")
    told = register(f"{URL}/", "--yes")

    assert "Nothing to do" in told
    assert made_at(stripe) == len(stripe.world.endpoints) == 1
    assert AuditEntry.objects.filter(subject="register_endpoint").count() == 1


def test_an_endpoint_is_brought_up_to_date(stripe: Served) -> None:
    keep(stripe, types=("invoice.paid", "tax_rate.created"), is_enabled=False)
    told = register(URL, "--yes")

    [now] = stripe.world.endpoints
    assert now.is_enabled
    assert "payout.paid" in now.types
    assert "tax_rate.created" not in now.types
    for line in ("enable it", "+ payout.paid", "- tax_rate.created"):
        assert f"\n  {line}\n" in told
    assert "+ invoice.paid" not in told
    assert "secret" not in told.lower()


@pytest.mark.parametrize("given", [{"types": ("*",)}, {"is_enabled": False}])
def test_each_difference_is_brought_up_to_date(stripe: Served, given: dict[str, Any]) -> None:
    register(URL, "--yes")
    [right] = stripe.world.endpoints
    stripe.world.endpoints[:] = [replace(right, **given)]
    register(URL, "--yes")
    assert stripe.world.endpoints == [right]


def test_everything_is_asked_for_where_a_handler_takes_everything(
    stripe: Served, subscribe: Subscribe
) -> None:
    def take_all(_: Event) -> None: ...

    subscribe(take_all, "*", provider="*")
    register(URL, "--yes")
    assert stripe.world.endpoints[0].types == ("*",)


def test_the_endpoint_for_connected_accounts_is_another(stripe: Served) -> None:
    keep(stripe)
    register(URL, "--yes", "--connect")

    assert [one.connect for one in stripe.world.endpoints] == [False, True]
    assert "Nothing to do" in register(URL, "--yes", "--connect")


def test_of_another_api_version_one_is_made_beside(stripe: Served) -> None:
    former = keep(stripe, api_version=OLD)
    told = register(URL, "--yes")

    assert [one.api_version for one in stripe.world.endpoints] == [OLD, CURRENT]
    assert f"{former.rendered(livemode=False)['id']} delivers here as well, in API version" in told


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("http://pay.example.com/webhooks/stripe",), "https://"),
        (("https://pay.example.com/webhooks/paypal",), "none of our endpoints"),
        (("https://pay.example.com/stripe/webhook",), "none of our endpoints"),
        (("https://pay.example.com/admin/",), "none of our endpoints"),
        (("https://user:pass@pay.example.com/webhooks/stripe",), "without a user"),
        ((f"{URL}?token=1",), "a query"),
        (("https://[pay/webhooks/stripe",), "no address"),
        (("https://pay.example.com:port/webhooks/stripe",), "no address"),
        (("pay.example.com/webhooks/stripe",), "no address"),
        ((URL, "--endpoint", "other"), "leads to the endpoint 'stripe'"),
        (("https://pay.example.com", "--endpoint", "other"), "none of our endpoints"),
    ],
)
def test_an_address_that_will_not_do_is_refused(
    stripe: Served, arguments: tuple[str, ...], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        register(*arguments, "--yes")
    assert stripe.world.faults.requests == []


class Aliased:
    urlpatterns = (
        path("webhooks/", include("webhooks.urls")),
        path("old/stripe-hook", views.receive, {"endpoint": "stripe"}),
    )


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://pay.example.com", URL),
        ("https://pay.example.com/old/stripe-hook", "https://pay.example.com/old/stripe-hook"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/webhooks/stripe"),
    ],
)
def test_an_address_may_lack_its_path_or_be_an_alias(
    stripe: Served, settings: Settings, given: str, address: str
) -> None:
    settings.ROOT_URLCONF = Aliased
    register(given, "--yes")
    assert [one.url for one in stripe.world.endpoints] == [address]


def test_the_secret_goes_to_a_file_and_nowhere_else(
    stripe: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "secret"
    told = register(URL, "--yes", "--secret-file", str(file), on=io.StringIO())

    [made] = stripe.world.endpoints
    assert file.read_text() == f"{made.secret}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.secret not in told
    assert "create_webhook_endpoint" in caplog.text
    assert made.secret not in caplog.text
    assert made.secret not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("reason", ["no terminal", "declined", "no answer", "file", "dry run"])
def test_nothing_is_made_that_was_not_wanted_or_could_not_be_used(
    stripe: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    there = tmp_path / "there"
    there.write_text("in use")
    if reason == "no answer":
        monkeypatch.setattr("sys.stdin", io.StringIO())
    elif reason == "declined":
        monkeypatch.setattr("builtins.input", lambda _: "")
    if reason == "dry run":
        assert "To create:" in register(URL, "--dry-run", on=io.StringIO())
    else:
        arguments = {
            "no terminal": (("--yes",), io.StringIO()),
            "file": (("--yes", "--secret-file", str(there)), io.StringIO()),
        }
        options, output = arguments.get(reason, ((), Terminal()))
        with pytest.raises(CommandError, match=r"Nothing was done|no terminal|can't be written"):
            register(URL, *options, on=output)

    assert made_at(stripe) == 0
    assert there.read_text() == "in use"
    assert not AuditEntry.objects.filter(subject="register_endpoint").exists()


def test_a_lost_answer_makes_no_second_endpoint(stripe: Served) -> None:
    stripe.world.faults.add(Fault("drop_after", method="POST", path=ENDPOINTS))
    told = register(URL, "--yes")

    assert made_at(stripe) == 2
    [made] = stripe.world.endpoints
    assert made.secret in told


def raised(error: BaseException | None) -> Iterator[BaseException]:
    """The errors that led to this one, and itself, as an error reporter would show them."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("kind", ["drop_after", "garble_after"])
def test_an_answer_that_stays_lost_is_told_with_what_to_do(
    stripe: Served, tmp_path: Path, kind: Any
) -> None:
    stripe.world.faults.add(Fault(kind, method="POST", path=ENDPOINTS, times=3))
    file = tmp_path / "secret"
    with pytest.raises(CommandError, match=r"made we_\w+, .* STRIPE_WEBHOOK_SECRET") as refusal:
        register(URL, "--yes", "--secret-file", str(file))

    [made] = stripe.world.endpoints
    assert made.id in str(refusal.value)
    assert not any(made.secret in str(vars(each)) for each in raised(refusal.value))
    assert not file.exists()
    assert "Nothing to do" in register(URL, "--yes")


@pytest.mark.parametrize(
    ("key", "why"), [("", "STRIPE_API_KEY is not set"), ("sk_wrong", "refuses the key")]
)
def test_a_key_that_stripe_does_not_take_is_told(
    stripe: Served, settings: Settings, key: str, why: str
) -> None:
    settings.STRIPE_API_KEY = key
    with pytest.raises(CommandError, match=why):
        register(URL, "--yes")


def test_an_address_at_stripe_that_cannot_be_read_is_no_other() -> None:
    ours = "https://payments.example.com/webhooks/stripe"

    assert not is_same("https://[", ours)
    assert origin_of("https://[") != origin_of(ours)
