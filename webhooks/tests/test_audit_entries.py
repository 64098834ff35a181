"""What goes on record: who did what, without what identifies a customer, and without secrets."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.auth.signals import user_login_failed
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks import audit
from webhooks.audit.logins import FAILURES_LISTED, failures
from webhooks.models import ApiToken, AuditEntry, Scope, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.api_client import caller, issue
from webhooks.testing.audit_trail import execute, found
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
REASON = "Jenny Rosen <jenny@example.com> asked for it"


@pytest.fixture(autouse=True)
def _no_failures_yet() -> None:
    failures.reset()


def acts() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", "actor", "subject"))


def details(action: str) -> dict[str, Any]:
    told: dict[str, Any] = AuditEntry.objects.filter(action=action).latest("sequence").details
    return told


def receive() -> WebhookEvent:
    event = make_event()
    deliver(event)
    return WebhookEvent.objects.get(event_id=event["id"])


def run(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output, stderr=output)
    return output.getvalue()


@pytest.mark.parametrize(("force", "action"), [("", "event.rerun"), ("on", "event.forced")])
def test_a_rerun_from_the_admin_is_recorded(force: str, action: str) -> None:
    event = receive()
    User.objects.create_superuser("anna")
    client = Client()
    client.force_login(User.objects.get())
    client.post(
        f"/admin/webhooks/webhookevent/{event.pk}/rerun/", {"reason": REASON, "force": force}
    )
    assert acts()[-1] == (action, "anna", f"webhooks.webhookevent:{event.pk}")
    told = details(action)
    assert (told["trigger"], told["events"]) == ("staff", 1)
    assert told["reason"] == audit.keyed_hash(REASON)
    assert "Jenny" not in str(told)


def test_a_replay_through_the_api_is_recorded() -> None:
    event = receive()
    client = caller("view_webhookevent", "replay_webhookevent")
    client.post(f"/api/v1/events/{event.event_id}/replay", {"reason": REASON})
    assert acts()[-1] == ("event.rerun", "anna", f"webhooks.webhookevent:{event.pk}")
    assert details("event.rerun")["trigger"] == "api"


def test_a_replay_by_command_is_recorded() -> None:
    receive()
    run("replay_events", "--status", "ignored", "--reason", REASON)
    (command, _, name), (action, _, subject) = acts()
    assert (command, name) == ("command.run", "replay_events")
    assert (action, subject) == ("event.rerun", "webhooks.webhookevent")
    assert details("command.run") == {"status": "ignored"}
    assert details("event.rerun")["selection"] == {"status": "ignored"}
    assert "Jenny" not in str(list(AuditEntry.objects.values_list("details")))


def test_releasing_an_event_is_recorded() -> None:
    event = receive()
    run("release_event", event.event_id, "--reason", REASON)
    assert [action for action, _, _ in acts()] == ["command.run", "event.released"]
    assert acts()[-1][2] == f"webhooks.webhookevent:{event.pk}"
    assert "Jenny" not in str(list(AuditEntry.objects.values_list("details")))


def test_creating_and_revoking_tokens_is_recorded() -> None:
    User.objects.create_user("anna")
    key = run("api_token", "create", "--user=anna", "--name=ci", "--scope=events:read")
    token = ApiToken.objects.get()
    run("api_token", "list")
    run("api_token", "revoke", str(token.pk))
    run("api_token", "revoke", str(token.pk))
    assert [action for action, _, _ in acts()] == [
        "command.run",
        "token.made",
        "command.run",
        "token.revoked",
        "command.run",
    ]
    assert details("token.made") == {
        "user": "anna",
        "prefix": token.prefix,
        "scopes": ["events:read"],
    }
    told = str(list(AuditEntry.objects.values_list()))
    assert key.strip().splitlines()[-1] not in told
    assert token.sha256 not in told


def test_revoking_a_token_in_the_admin_names_the_user() -> None:
    anna = User.objects.create_user("anna", is_staff=True)
    anna.user_permissions.set(
        Permission.objects.filter(codename__in=["view_apitoken", "change_apitoken"])
    )
    token, _ = issue(anna, [Scope.EVENTS_READ])
    client = Client()
    client.force_login(anna)
    url = "/admin/webhooks/apitoken/"
    client.post(url, {"action": "revoke_selected", "_selected_action": token.pk})
    assert acts()[-1] == ("token.revoked", "anna", f"webhooks.apitoken:{token.pk}")


def test_a_cleanup_is_recorded_and_the_chain_still_verifies() -> None:
    for days in (1, 100, 450, 500, 500):
        event = receive()
        WebhookEvent.objects.filter(pk=event.pk).update(
            received_at=timezone.now() - timedelta(days=days)
        )
    run("cleanup_events", "--batch-size", "2")
    assert not found()
    actions = [action for action, _, _ in acts()]
    assert actions == ["command.run", *["audit.sealed"] * 2, *["event.cleaned_up"] * 4]
    assert details("event.cleaned_up")["events"] == 1
    report = audit.verify()
    assert report.removed == 6
    assert report.rows == {"webhooks.webhookevent": 2, "webhooks.attempt": 2}
    execute("DELETE FROM webhooks_attempt WHERE id = (SELECT max(id) FROM webhooks_attempt)")
    assert "deleted" in found()[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["cleanup_events", "--dry-run"],
        ["api_token", "list"],
        ["audit", "verify"],
        ["audit", "status"],
        ["replay_events", "--status", "failed", "--dry-run"],
    ],
)
def test_reading_commands_are_not_recorded(arguments: list[str]) -> None:
    run(*arguments)
    assert not acts()


def test_logins_and_logouts_are_recorded() -> None:
    anna = User.objects.create_superuser("anna", password="known-to-tests")
    client = Client()
    client.post(LOGIN, {"username": "anna", "password": "guessed"})
    client.post(LOGIN, {"username": "hunter2-typed-in-the-wrong-box", "password": "guessed"})
    client.post(LOGIN, {"username": "nul\0", "password": "guessed"})
    client.post(LOGIN, {"username": "anna", "password": "known-to-tests"})
    client.post("/admin/logout/")
    who = f"auth.user:{anna.pk}"
    assert acts() == [
        ("staff.login_failed", "", who),
        ("staff.login_failed", "", ""),
        ("staff.login", "anna", who),
        ("staff.logout", "anna", who),
    ]
    told = str(list(AuditEntry.objects.values_list()))
    for secret in ("hunter2", "guessed", "known-to-tests"):
        assert secret not in told


def test_customers_logins_are_not_on_record() -> None:
    customer = User.objects.create_user("customer", password="known-to-tests")
    client = Client()
    client.post(LOGIN, {"username": "customer", "password": "guessed"})
    client.force_login(customer)
    client.logout()
    assert acts() == []


def test_a_flood_of_failed_log_ins_is_summarised() -> None:
    def fail() -> None:
        user_login_failed.send(None, credentials={"username": "anna"}, request=None)

    for _ in range(FAILURES_LISTED + 500):
        fail()
    assert len(acts()) == FAILURES_LISTED
    assert failures.admit(timezone.now() + timedelta(minutes=2)) == 500


class TestSettings:
    def test_a_changed_setting_is_recorded_once(self, settings: Settings) -> None:
        audit.note_settings()
        audit.note_settings()
        assert acts() == [("settings.changed", "system", "")]
        settings.STRIPE_TOLERANCE_SECONDS = 900
        settings.STRIPE_WEBHOOK_SECRET = "whsec_another_that_nobody_may_see"
        audit.note_settings()
        audit.note_settings()
        assert len(acts()) == 2
        told = details("settings.changed")
        assert told["changed"] == ["STRIPE_TOLERANCE_SECONDS", "STRIPE_WEBHOOK_SECRET"]
        assert told["settings"]["STRIPE_TOLERANCE_SECONDS"] == 900

    def test_secrets_are_recorded_as_keyed_hashes(self, settings: Settings) -> None:
        settings.STRIPE_API_KEY = "sk_live_nobody_may_see"
        settings.REDIS_URL = "redis://:nor-this@127.0.0.1:9/0"
        audit.note_settings()
        told = str(details("settings.changed"))
        for secret in (
            settings.STRIPE_API_KEY,
            settings.STRIPE_WEBHOOK_SECRET,
            settings.SECRET_KEY,
            settings.AUDIT_KEY,
            "nor-this",
        ):
            assert secret not in told

    def test_a_new_audit_key_is_not_reported_as_other_changes(self, settings: Settings) -> None:
        audit.note_settings()
        former = settings.AUDIT_KEY
        settings.AUDIT_KEY = "the-key-that-follows-of-good-length"
        settings.AUDIT_KEY_FALLBACKS = [former]
        audit.note_settings()
        assert details("settings.changed")["changed"] == ["AUDIT_KEY_FALLBACKS"]

    def test_start_up_survives_a_database_without_tables(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        execute("ALTER TABLE webhooks_auditentry RENAME TO away")
        audit.note_settings()
        assert "could not be put on record" in caplog.text


class TestCommand:
    def test_it_seals_verifies_and_names_what_was_altered(self) -> None:
        event = receive()
        assert "2 rows sealed" in run("audit", "seal")
        told = run("audit", "verify")
        assert "2 entries and 2 seals verified" in told
        assert f"anchor {audit.current_anchor()}" in told
        execute("UPDATE webhooks_webhookevent SET sha256 = 'x'")
        with pytest.raises(CommandError, match=f"webhooks.webhookevent {event.pk} .* altered"):
            run("audit", "verify", "--all")

    def test_a_given_anchor_must_be_in_the_chain(self) -> None:
        receive()
        run("audit", "seal")
        assert run("audit", "verify", "--anchor", str(audit.current_anchor()))
        with pytest.raises(CommandError, match="not the one that an anchor names"):
            run("audit", "verify", "--anchor", f"1:{'0' * 64}")
        with pytest.raises(CommandError, match="SEQUENCE:MAC"):
            run("audit", "verify", "--anchor", "yesterday")

    def test_anchors_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        receive()
        run("audit", "seal")
        assert f"anchor {audit.current_anchor()}" in caplog.text

    def test_it_reports_what_is_not_sealed(self) -> None:
        receive()
        told = run("audit", "status")
        assert "webhooks.webhookevent: 1 not sealed yet, the oldest from" in told
        assert "nothing sealed" in told
        run("audit", "seal")
        assert "webhooks.webhookevent: 0 not sealed yet" in run("audit", "status")
