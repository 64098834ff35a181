"""Messages about alerts: one to each address, once, whatever fails or dies."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from webhooks import conf
from webhooks.alerts import outbox
from webhooks.alerts.acts import acknowledge, mute
from webhooks.alerts.evaluation import INTERVAL, evaluate, raise_at_once
from webhooks.alerts.retention import KEPT_FOR
from webhooks.models import Alert, AlertMessage, AuditEntry, AuditReason
from webhooks.monitoring import heartbeats
from webhooks.monitoring.alert_rules import Finding
from webhooks.monitoring.heartbeats import Kind
from webhooks.testing.servers import free_port
from webhooks.tests.alert_receivers import TOKEN, Mailbox, Receiver

pytestmark = pytest.mark.django_db

NOW = timezone.now()
GONE: Final = 200
"""The seconds after which a loop that was seen is missed."""


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with closing(Receiver()) as served:
        settings.ALERT_URLS = served.url
        yield served


@pytest.fixture(autouse=True)
def loop(settings: Settings) -> None:
    """A loop that was seen, and is missed from `GONE` on."""
    settings.WEBHOOK_PROCESSING = "loop"
    settings.SITE_URL = "https://payments.example.com"
    watch(0)
    heartbeats.seen(Kind.LOOP, now=NOW)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def watch(seconds: float) -> int:
    """Evaluate and send at a moment; how many were sent."""
    assert evaluate(clock=lambda: at(seconds))
    return outbox.deliver(clock=lambda: at(seconds))


def come_back(seconds: float) -> None:
    heartbeats.seen(Kind.LOOP, now=at(seconds))


def test_each_receiver_is_told_once_that_it_began_and_once_that_it_is_over(
    receiver: Receiver, settings: Settings
) -> None:
    mailbox = Mailbox()
    settings.ALERT_URLS += f",{mailbox.url}"
    for seconds in (GONE, GONE + 15, GONE + 30):
        watch(seconds)
    come_back(GONE + 40)
    for seconds in (GONE + 45, GONE + 60):
        watch(seconds)
    mailbox.close()

    mails, alert = mailbox.mails, Alert.objects.get()
    assert receiver.titles == ["[Critical] No worker is seen", "[Resolved] No worker is seen"]
    assert [mail["Subject"] for mail in mails] == receiver.titles
    said = receiver.told[0]["message"]
    assert f"Since: {NOW:%Y-%m-%d %H:%M:%S} UTC" in said
    assert f"https://payments.example.com/admin/webhooks/alert/{alert.pk}/change/" in said
    assert "docs/runbook.md#no-worker-is-seen" in said
    assert mails[0].get_content_type() == "text/plain"
    assert "process_events --loop" in str(mails[0].get_payload())


def test_what_was_not_taken_is_sent_again_later_and_in_order(receiver: Receiver) -> None:
    receiver.status = 500
    assert watch(GONE) == 0
    waiting = AlertMessage.objects.get()
    assert (waiting.error, waiting.sent_at) == ("it answered 500", None)
    receiver.status = 200
    come_back(GONE + 1)
    assert watch(GONE + 15) == 0
    assert watch(GONE + 60) == 2

    assert receiver.titles == ["[Critical] No worker is seen", "[Resolved] No worker is seen"]


def test_what_nobody_ever_takes_is_given_up_and_shown_as_such(receiver: Receiver) -> None:
    receiver.status = 404
    watch(GONE)
    for hours in range(2, 2 * outbox.RETRIES.max_attempts, 2):
        assert AlertMessage.objects.get().given_up_at is None
        outbox.deliver(clock=partial(at, GONE + hours * 3600))

    message = AlertMessage.objects.get()
    assert message.given_up_at
    assert message.error == "it answered 404"


def test_what_a_sender_had_that_died_is_sent_by_the_next_after_its_lease(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> str:
        raise Killed

    assert evaluate(clock=lambda: at(GONE))
    monkeypatch.setattr(outbox, "send", die)
    with pytest.raises(Killed):
        outbox.deliver(clock=lambda: at(GONE))
    monkeypatch.undo()
    lease = outbox.LEASE.total_seconds()

    assert outbox.deliver(clock=lambda: at(GONE + lease - 1)) == 0
    assert outbox.deliver(clock=lambda: at(GONE + lease)) == 1
    assert outbox.deliver(clock=lambda: at(GONE + 3 * lease)) == 0


def test_one_address_that_fails_does_not_keep_the_others_waiting(
    receiver: Receiver, settings: Settings
) -> None:
    settings.ALERT_URLS = f"json://127.0.0.1:{free_port()},{receiver.url}"

    assert watch(GONE) == 1
    failed = AlertMessage.objects.get(sent_at=None)
    assert (failed.address_name, failed.error) == ("1 (json)", "it did not take it")


def test_an_address_that_fails_is_asked_once_in_a_turn_however_much_waits(
    receiver: Receiver,
) -> None:
    receiver.status = 500
    raise_at_once("events_failed", Finding("of no use"), now=at(GONE))
    watch(GONE)

    assert AlertMessage.objects.filter(attempts=0).count() == 1
    assert AlertMessage.objects.filter(attempts=1).count() == 1


def test_a_message_to_an_address_that_was_taken_away_says_so(
    receiver: Receiver, settings: Settings
) -> None:
    assert evaluate(clock=lambda: at(GONE))
    settings.ALERT_URLS = ""
    outbox.deliver(clock=lambda: at(GONE))

    assert "not in ALERT_URLS" in AlertMessage.objects.get().error


def test_without_addresses_there_is_an_alert_and_no_message(settings: Settings) -> None:
    assert watch(GONE) == 0
    assert Alert.objects.get().rule == "no_worker"


@pytest.mark.parametrize("handled", [False, True], ids=["open", "acknowledged"])
def test_somebody_is_reminded_until_it_is_acknowledged(receiver: Receiver, handled: bool) -> None:
    watch(GONE)
    alert = Alert.objects.get()
    if handled:
        assert acknowledge(alert, actor="ada", reason="I look", now=at(GONE))
    for day in (1, 2):
        watch(GONE + day * 24 * 3600)

    reminders = ["[Still open, critical] No worker is seen"] * 2
    assert receiver.titles == ["[Critical] No worker is seen", *([] if handled else reminders)]


def test_what_is_muted_is_told_of_no_more_though_it_comes_back(receiver: Receiver) -> None:
    watch(GONE)
    mute(Alert.objects.get(), until=at(7200), actor="ada", reason="moving", now=at(GONE))
    come_back(GONE + 10)
    watch(GONE + 15)
    watch(GONE + 400)
    assert Alert.objects.filter(resolved_at=None).count() == 1
    come_back(GONE + 410)
    watch(GONE + 415)

    assert receiver.titles == ["[Critical] No worker is seen", "[Resolved] No worker is seen"]


def test_what_is_muted_no_longer_is_told_of_when_it_comes_back(receiver: Receiver) -> None:
    watch(GONE)
    mute(Alert.objects.get(), until=at(7200), actor="ada", reason="moving", now=at(GONE))
    come_back(GONE + 10)
    watch(GONE + 15)
    watch(GONE + 400)
    again = Alert.objects.get(resolved_at=None)
    mute(again, until=at(GONE + 410), actor="ada", reason="moved", now=at(GONE + 410))
    come_back(GONE + 420)
    watch(GONE + 425)
    watch(GONE + 1000)

    assert receiver.titles[-1] == "[Critical] No worker is seen"


def test_what_staff_do_is_on_record_with_its_reason(receiver: Receiver) -> None:
    watch(GONE)
    alert = Alert.objects.get()
    acknowledge(alert, actor="ada", reason="I look", now=at(GONE))
    mute(alert, until=at(7200), actor="ada", reason="moving", now=at(GONE))
    come_back(GONE + 10)
    watch(GONE + 15)

    assert not acknowledge(alert, actor="ada", reason="too late", now=at(GONE + 20))
    entries = AuditEntry.objects.filter(subject=f"webhooks.alert:{alert.pk}").order_by("sequence")
    assert [entry.action for entry in entries] == ["alert.acknowledged", "alert.muted"]
    reasons = AuditReason.objects.order_by("pk").values_list("text", flat=True)
    assert list(reasons) == ["I look", "moving"]


def test_alerts_are_dropped_long_after_they_were_resolved(receiver: Receiver) -> None:
    watch(GONE)
    come_back(GONE + 10)
    watch(GONE + 15)
    watch(GONE + 400)
    Alert.objects.exclude(resolved_at=None).update(resolved_at=timezone.now() - KEPT_FOR)

    call_command("cleanup_events", stdout=StringIO())

    assert Alert.objects.get().resolved_at is None


def test_an_address_may_have_commas(settings: Settings) -> None:
    settings.ALERT_URLS = "mailto://h?to=a@x.example,b@x.example, slack://A/B/C,json://h"

    assert conf.alert_urls() == [
        "mailto://h?to=a@x.example,b@x.example",
        "slack://A/B/C",
        "json://h",
    ]


def test_an_address_that_cannot_be_read_is_secret_as_a_whole(settings: Settings) -> None:
    settings.ALERT_URLS = "json://[MARKED"

    assert "json://[MARKED" in conf.known_secrets()


@pytest.mark.parametrize(
    ("site", "hosts", "expected"),
    [
        ("https://a.example/", ["b.example"], "https://a.example"),
        ("", ["b.example"], "https://b.example"),
        ("", [".example"], ""),
        ("", ["*"], ""),
    ],
)
def test_messages_lead_to_the_site(
    settings: Settings, site: str, hosts: list[str], expected: str
) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = site, hosts

    assert conf.site_url() == expected


class TestTrying:
    def try_them(self) -> str:
        output = StringIO()
        try:
            call_command("send_test_alert", stdout=output)
        except CommandError as error:
            output.write(str(error))
        return output.getvalue()

    def test_each_address_is_named_by_its_place_with_what_came_of_it(
        self, receiver: Receiver, settings: Settings
    ) -> None:
        settings.ALERT_URLS += f",json://127.0.0.1:{free_port()}/{TOKEN}, nonsense://{TOKEN}"
        said = self.try_them()

        assert "1 (json): sent" in said
        assert "2 (json): it did not take it" in said
        assert "3 (nonsense): the address can't be used" in said
        assert "2 of 3 could not be sent to" in said
        assert receiver.titles == ["[Test] Alerts reach you"]

    def test_without_addresses_it_says_what_to_set(self) -> None:
        assert "ALERT_URLS is not set" in self.try_them()


def test_nothing_secret_of_an_address_is_stored_or_logged(
    receiver: Receiver,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.ALERT_URLS += f",json://127.0.0.1:{free_port()}/{TOKEN},nonsense://{TOKEN}"
    # Not heard by `caplog`, which listens where nothing is passed on, too.
    log, root = StringIO(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(log)])
    caplog.set_level(logging.DEBUG)
    watch(GONE)
    said = f"{log.getvalue()} {[*AlertMessage.objects.values(), *Alert.objects.values()]}"

    assert receiver.told
    assert "no_worker" in log.getvalue()
    for secret in ("s3cretMarked", *TOKEN.split("/")):
        assert secret not in said
        assert secret in conf.known_secrets()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_two_that_evaluate_and_send_at_once_tell_once(receiver: Receiver) -> None:
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        try:
            evaluate(clock=lambda: at(GONE))
            outbox.deliver(clock=lambda: at(GONE))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.deliver(clock=lambda: at(GONE + INTERVAL.total_seconds()))

    assert receiver.titles == ["[Critical] No worker is seen"]
    assert Alert.objects.count() == 1
