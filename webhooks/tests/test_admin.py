"""The admin's screens of events, through the browser's requests."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from webhooks.admin.states import state
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.models import Attempt, Replay, WebhookEvent
from webhooks.testing import deliver
from webhooks.testing.browser import log_in, text
from webhooks.testing.plugin import Subscribe
from webhooks.tests.events import make_event

pytestmark = pytest.mark.django_db

LIST = "/admin/webhooks/webhookevent/"


def page(event: WebhookEvent, part: str = "change") -> str:
    return f"{LIST}{event.pk}/{part}/"


@pytest.fixture
def viewer() -> Client:
    return log_in("view_webhookevent")


@pytest.fixture
def support() -> Client:
    return log_in("view_webhookevent", "replay_webhookevent")


@pytest.fixture
def operator() -> Client:
    return log_in(
        *("view_webhookevent", "replay_webhookevent", "bulk_replay_webhookevent"),
        *("ignore_webhookevent", "view_raw_payload"),
    )


def receive(event_type: str = "test.happened", **changes: Any) -> WebhookEvent:
    told = make_event(event_type, **changes)
    assert deliver(told).status_code == 200
    return WebhookEvent.objects.get(event_id=told["id"])


def about(**subject: Any) -> dict[str, Any]:
    return {"data": {"object": {"object": "thing", **subject}}}


def found(client: Client, **query: str) -> set[str]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {event.event_id for event in answer.context["cl"].result_list}


def messages(client: Client, url: str, **data: Any) -> list[str]:
    answer = client.post(url, data, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def falters(event: Event) -> None:
    if not User.objects.filter(username="mended").exists():
        raise LookupError("no such <plan>")


def gives_up(event: Event) -> None:
    raise PermanentFailure("never")


def succeeds(event: Event) -> None:
    User.objects.create(username=f"made {User.objects.count()}")


def mend() -> None:
    User.objects.create(username="mended")


class TestList:
    def test_it_shows_ids_types_and_statuses(self, viewer: Client) -> None:
        event = receive("test.happened", **about(id="th_1", customer="cus_1"))

        shown = text(viewer, LIST)

        for fact in (event.event_id, "th_1", "cus_1", event.sha256[:12], "Ignored", "Test"):
            assert fact in shown

    def test_it_neither_counts_rows_nor_loads_payloads(self, viewer: Client) -> None:
        receive()
        with CaptureQueriesContext(
            connection,
        ) as few:
            viewer.get(LIST)
        for _ in range(20):
            receive()
        with CaptureQueriesContext(connection) as many:
            viewer.get(LIST, {"status": "ignored", "_facets": "True"})

        assert len(many) == len(few)
        assert not [q["sql"] for q in many if "COUNT(" in q["sql"]]
        assert not [q["sql"] for q in many if '"webhooks_webhookevent"."body"' in q["sql"]]

    def test_newest_first(self, viewer: Client) -> None:
        events = [receive() for _ in range(3)]

        shown = viewer.get(LIST).context["cl"].result_list

        assert list(shown) == events[::-1]

    @pytest.mark.parametrize("column", ["event_id", "object_id", "customer_id", "sha256"])
    def test_search_by_any_id_and_by_hash(self, viewer: Client, column: str) -> None:
        event = receive(**about(id="th_1", customer="cus_1"))
        receive(**about(id="th_2", customer="cus_2"))

        assert found(viewer, q=f" {getattr(event, column)} ") == {event.event_id}

    def test_search_by_the_beginning_of_a_hash(self, viewer: Client) -> None:
        event = receive()
        receive()

        assert found(viewer, q=event.sha256[:12].upper()) == {event.event_id}
        assert found(viewer, q=event.sha256[:5]) == set()

    def test_search_uses_indexes(self, viewer: Client) -> None:
        receive()
        with CaptureQueriesContext(connection) as queries:
            viewer.get(LIST, {"q": "evt_1"})

        searches = [q["sql"] for q in queries if "evt_1" in q["sql"]]
        assert searches
        assert not [sql for sql in searches if "LIKE" in sql or "UPPER" in sql]

    def test_columns_cannot_be_searched_through_the_address(self, viewer: Client) -> None:
        assert viewer.get(LIST, {"event_id__icontains": "evt"}).status_code == 400

    @pytest.mark.parametrize(
        ("pattern", "types"),
        [
            ("test.", {"test.made", "test.made.twice"}),
            ("*.twice", {"test.made.twice"}),
            ("made", set()),
            ("\0", {"test.made", "test.made.twice", "other.made"}),
        ],
    )
    def test_filter_by_type(self, viewer: Client, pattern: str, types: set[str]) -> None:
        ids = {
            receive(kind).event_id: kind for kind in ("test.made", "test.made.twice", "other.made")
        }

        assert {ids[event_id] for event_id in found(viewer, type=pattern)} == types

    def test_filter_by_day_received(self, viewer: Client) -> None:
        event = receive()
        today = f"{timezone.localdate()}"
        tomorrow = f"{timezone.localdate() + timedelta(days=1)}"

        assert found(viewer, received_at_from=today, received_at_to=today) == {event.event_id}
        assert found(viewer, received_at_from=tomorrow) == set()
        assert found(viewer, received_at_from="nonsense") == {event.event_id}
        assert found(viewer, received_at_to="9999-12-31") == {event.event_id}

    def test_filter_by_mode_and_provider(self, viewer: Client) -> None:
        live = receive(livemode=True)
        receive()

        assert found(viewer, livemode__exact="1", provider="stripe") == {live.event_id}
        assert found(viewer, provider="nobody") == set()

    def test_filter_by_status(self, viewer: Client, subscribe: Subscribe) -> None:
        subscribe(falters, "test.falters")
        subscribe(gives_up, "test.fails")
        now = timezone.now()
        retrying, failed = receive("test.falters"), receive("test.fails")
        due = receive()
        WebhookEvent.objects.filter(pk=due.pk).update(status="pending", available_at=now)
        taken = receive()
        WebhookEvent.objects.filter(pk=taken.pk).update(
            status="pending", claimed_at=now, available_at=now + timedelta(minutes=5)
        )

        assert found(viewer, status="failed") == {failed.event_id}
        assert found(viewer, status="retrying") == {retrying.event_id}
        assert found(viewer, status="due") == {due.event_id}
        assert found(viewer, status="in-flight") == {taken.event_id}
        assert found(viewer, status="ignored") == set()


@pytest.mark.parametrize(
    ("status", "claimed", "available_in", "label", "note"),
    [
        ("processed", False, 0, "Processed", ""),
        ("failed", False, 0, "Failed", ""),
        ("pending", False, 0, "Pending", "due now"),
        ("pending", True, -1, "Pending", "due now"),
        ("pending", True, 60, "In flight", "since"),
        ("pending", False, 60, "Retrying", "next"),
    ],
)
def test_a_pending_status_says_what_it_waits_for(
    status: str, claimed: bool, available_in: int, label: str, note: str
) -> None:
    now = timezone.now()
    event = WebhookEvent(
        status=status,
        claimed_at=now if claimed else None,
        available_at=now + timedelta(seconds=available_in),
    )

    assert state(event, now).label == label
    assert state(event, now).next.startswith(note)


class TestPage:
    def test_it_shows_event_attempts_and_handlers(
        self, viewer: Client, subscribe: Subscribe
    ) -> None:
        subscribe(gives_up)
        subscribe(succeeds)
        event = receive(**about(id="th_1", customer="cus_1"), account="acct_1")

        shown = unescape(text(viewer, page(event)))

        for fact in (
            *(event.event_id, event.sha256, "th_1", "acct_1", "2025-11-17.clover"),
            *("gives_up", "PermanentFailure: never", "Traceback", "succeeds", "Delivery"),
            f"https://dashboard.stripe.com/acct_1/test/events/{event.event_id}",
            "https://dashboard.stripe.com/acct_1/test/customers/cus_1",
        ):
            assert fact in shown
        assert 'target="_blank" rel="noopener noreferrer"' in shown

    def test_a_hostile_payload_is_escaped(self, viewer: Client, subscribe: Subscribe) -> None:
        subscribe(falters)
        hostile = "</pre><script>alert(1)</script>"
        event = receive(
            "test.<script>alert(2)</script>",
            **about(id="<script>alert(3)</script>", customer='"><img src=x>', **{hostile: hostile}),
        )

        shown = text(viewer, page(event)) + text(viewer, LIST)

        assert "<script>alert" not in shown
        assert "<img src=x>" not in shown
        assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert "no such &lt;plan&gt;" in shown

    @pytest.mark.parametrize(
        "value", ["\ud800", "\u202e", 'quo"te\\', -1.5e10, None, True, [], {"a": [{}]}]
    )
    def test_any_payload_is_shown(self, viewer: Client, value: object) -> None:
        event = receive(**about(id="th_1", value=value))

        shown = re.search(
            r'<pre class="scrolled">(.*?)</pre>', text(viewer, page(event)), re.DOTALL
        )

        assert shown
        assert '"value": ' in unescape(re.sub("<.*?>", "", shown[1]))

    def test_a_large_payload_is_shown_in_full(self, viewer: Client) -> None:
        event = receive(**about(id="th_1", value="x" * 300_000))

        assert "x" * 300_000 in text(viewer, page(event))

    def test_it_says_when_the_payload_is_gone(self, viewer: Client) -> None:
        event = receive()
        WebhookEvent.objects.update(body=None)

        assert "The payload has been cleaned up" in text(viewer, page(event))

    def test_the_number_of_queries_does_not_grow_with_attempts(
        self, support: Client, subscribe: Subscribe
    ) -> None:
        subscribe(succeeds)
        event = receive()
        with CaptureQueriesContext(connection) as few:
            support.get(page(event))
        for _ in range(5):
            support.post(page(event, "rerun"), {"reason": "again"})
        support.get(page(event))
        with CaptureQueriesContext(connection) as many:
            support.get(page(event))

        assert event.attempt_set.count() == 6
        assert len(many) == len(few)


class TestRerun:
    def test_one_event_is_rerun(self, support: Client, subscribe: Subscribe) -> None:
        subscribe(falters)
        event = receive()
        mend()

        assert page(event, "rerun") in text(support, page(event))
        assert messages(support, page(event, "rerun"), reason="ticket <7>") == ["Processed."]

        attempt = Attempt.objects.latest("number")
        assert attempt.outcome == Attempt.Outcome.PROCESSED
        assert attempt.trigger == "staff"
        assert (attempt.replay.actor, attempt.replay.reason) == ("anna", "ticket <7>")  # type: ignore[union-attr]
        assert "ticket &lt;7&gt;" in text(support, page(event))

    def test_the_confirmation_page_changes_nothing(self, support: Client) -> None:
        event = receive()

        assert "Reason" in text(support, page(event, "rerun"))
        assert support.post(page(event, "rerun"), {"reason": " "}).status_code == 200

        assert not Replay.objects.exists()

    def test_a_failure_is_reported(self, support: Client, subscribe: Subscribe) -> None:
        subscribe(gives_up)
        event = receive()

        told = messages(support, page(event, "rerun"), reason="hope")

        assert told == ["Failed.", f"{event}: PermanentFailure: never"]

    def test_a_retry_is_reported(self, support: Client, subscribe: Subscribe) -> None:
        subscribe(falters)

        told = messages(support, page(receive(), "rerun"), reason="hope")

        assert told[0] == "Failed, and will be retried."

    def test_it_is_queued_where_workers_process(self, support: Client, settings: Settings) -> None:
        event = receive()
        settings.WEBHOOK_PROCESSING = "loop"

        assert messages(support, page(event, "rerun"), reason="x") == ["Queued for the workers."]
        assert "anna: x" in text(support, page(event))

    def test_an_event_without_payload_cannot_be_rerun(self, support: Client) -> None:
        event = receive()
        WebhookEvent.objects.update(body=None)

        told = messages(support, page(event, "rerun"), reason="x")

        assert told == ["Skipped, as the payload has been cleaned up."]

    def test_rerunning_an_event_needs_the_permission(self, viewer: Client) -> None:
        event = receive()

        assert page(event, "rerun") not in text(viewer, page(event))
        assert viewer.get(page(event, "rerun")).status_code == 403
        assert viewer.post(page(event, "rerun"), {"reason": "x"}).status_code == 403
        assert not Replay.objects.exists()

    def test_the_permission_to_rerun_does_not_show_events(self) -> None:
        client = log_in("replay_webhookevent")

        assert client.post(page(receive(), "rerun"), {"reason": "x"}).status_code == 403

    def test_a_forged_request_is_refused(self, support: Client) -> None:
        event = receive()
        support.handler.enforce_csrf_checks = True

        assert support.post(page(event, "rerun"), {"reason": "x"}).status_code == 403
        assert not Replay.objects.exists()

    def test_forcing_needs_its_own_permission(self, support: Client, subscribe: Subscribe) -> None:
        subscribe(succeeds)
        event = receive()
        forced = {"reason": "x", "force": "on"}

        assert "already succeeded" not in text(support, page(event, "rerun"))
        support.post(page(event, "rerun"), forced)
        assert not Replay.objects.get().force

        User.objects.get(username="anna").user_permissions.add(
            Permission.objects.get(codename="force_replay_webhookevent")
        )
        assert "already succeeded" in text(support, page(event, "rerun"))
        support.post(page(event, "rerun"), forced)
        assert Replay.objects.latest("pk").force
        assert [run["outcome"] for run in Attempt.objects.latest("number").handlers] == [
            "succeeded"
        ]

    def test_an_unknown_event_is_not_found(self, support: Client) -> None:
        assert support.get(f"{LIST}0/rerun/").status_code == 404


def test_only_possible_actions_are_offered(operator: Client, subscribe: Subscribe) -> None:
    subscribe(gives_up)
    event = receive()
    acts = [page(event, act) for act in ("rerun", "ignore", "raw")]

    def offered() -> list[bool]:
        shown = text(operator, page(event))
        return [act in shown for act in acts]

    assert offered() == [True, True, True]
    operator.post(page(event, "ignore"), {"reason": "theirs to mend"})
    assert offered() == [True, False, True]
    WebhookEvent.objects.update(body=None)
    assert offered() == [False, False, False]


@pytest.mark.parametrize("key", ["0", "abc", "99999999999999999999"])
def test_an_unknown_event_redirects(operator: Client, key: str) -> None:
    assert operator.get(f"{LIST}{key}/change/").status_code == 302


class TestRerunOfASelection:
    def selection(self, *events: WebhookEvent) -> dict[str, Any]:
        pks = [event.pk for event in events]
        return {"action": "rerun_selected", "_selected_action": pks}

    def test_a_confirmation_is_asked_for(self, support: Client) -> None:
        event = receive()

        answer = support.post(LIST, self.selection(event))

        assert event.event_id in answer.content.decode()
        assert "Reason" in answer.content.decode()
        assert not Replay.objects.exists()

    def test_the_ticked_events_are_run_and_reported(
        self, operator: Client, subscribe: Subscribe
    ) -> None:
        subscribe(succeeds, "test.good")
        subscribe(gives_up, "test.bad")
        good, bad, gone = receive("test.good"), receive("test.bad"), receive("test.good")
        unticked = receive("test.good")
        WebhookEvent.objects.filter(pk=gone.pk).update(body=None)

        told = messages(
            operator, LIST, **self.selection(good, bad, gone), reason="outage", select_across="1"
        )

        assert told == [
            "Processed: 1.",
            "Skipped, as the payload has been cleaned up: 1.",
            "Failed: 1.",
            f"{bad}: PermanentFailure: never",
        ]
        assert unticked.attempt_set.count() == 1

    def test_several_events_need_the_bulk_permission(self, support: Client) -> None:
        events = receive(), receive()

        for ticked, told in [(events, "You may re-run one event at a time."), (events[:1], "")]:
            answer = messages(support, LIST, **self.selection(*ticked), reason="again")
            assert answer[0] == (told or "Ignored, as no handler wants it.")

        assert [event.attempt_set.count() for event in events] == [2, 1]

    def test_rerunning_ticked_events_needs_the_permission(self, viewer: Client) -> None:
        event = receive()

        assert "rerun_selected" not in text(viewer, LIST)
        viewer.post(LIST, {**self.selection(event), "reason": "x"})
        assert not Replay.objects.exists()


@pytest.mark.parametrize("part", ["change", "delete"])
def test_superusers_cannot_change_or_delete_events(part: str) -> None:
    client = log_in(is_superuser=True)
    event = receive()

    assert client.post(page(event, part), {"status": "processed", "post": "yes"}).status_code == 403
    assert WebhookEvent.objects.filter(pk=event.pk, status="ignored").exists()


def test_superusers_cannot_add_or_bulk_delete_events() -> None:
    client = log_in(is_superuser=True)
    event = receive()
    selection = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}

    assert client.post(f"{LIST}add/").status_code == 403
    client.post(LIST, selection)
    assert WebhookEvent.objects.filter(pk=event.pk).exists()


def test_being_staff_grants_no_permission() -> None:
    client = log_in()
    event = receive()

    assert client.get(LIST).status_code == 403
    assert client.get(page(event)).status_code == 403
    assert event.event_id not in text(client, "/admin/")


def test_the_dashboard_shows_what_needs_attention(viewer: Client, subscribe: Subscribe) -> None:
    subscribe(gives_up)
    failed, late = receive(), receive()
    WebhookEvent.objects.filter(pk=late.pk).update(
        status="pending", available_at=timezone.now() - timedelta(minutes=2)
    )

    answer = viewer.get("/admin/")

    assert [count for _, count, _ in answer.context["counts"]] == [1, 1]
    assert page(failed) in answer.content.decode()
    assert page(late) not in answer.content.decode()


def test_viewers_of_accounts_see_no_password_hashes() -> None:
    client = log_in("view_user")
    user = User.objects.create_user("bob", password="correct-horse-battery")
    salt = user.password.split("$")[2][:6]

    assert salt not in text(client, f"/admin/auth/user/{user.pk}/change/")

    User.objects.filter(username="anna").update(is_superuser=True)
    assert salt in text(client, f"/admin/auth/user/{user.pk}/change/")


def test_an_account_without_permissions_is_told_whom_to_ask() -> None:
    assert "put you in a group" in text(log_in(), "/admin/")


@pytest.mark.parametrize("screen", ["user", "group"])
@pytest.mark.parametrize("part", ["", "add/"])
def test_accounts_can_be_managed(screen: str, part: str) -> None:
    assert log_in(is_superuser=True).get(f"/admin/auth/{screen}/{part}").status_code == 200
