"""The screen of refused deliveries, and what the first page says of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from webhooks.models import Refusal
from webhooks.testing.browser import log_in, text
from webhooks.testing.client import post

pytestmark = pytest.mark.django_db

LIST = "/admin/webhooks/refusal/"


def refused(code: str = "invalid_signature", **changes: Any) -> Refusal:
    values = {"endpoint": "stripe", "client": "198.51.100.1", "recorded_at": timezone.now()}
    return Refusal.objects.create(code=code, **values | changes)


def found(client: Client, **query: str) -> set[int]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


@pytest.fixture
def viewer() -> Client:
    return log_in("view_refusal", "view_webhookevent")


def test_text_from_strangers_is_escaped(viewer: Client) -> None:
    post(b"{}", {"User-Agent": "<script>alert(1)</script>"}, "/webhooks/<b>x")
    row = Refusal.objects.get()

    for url in (LIST, f"{LIST}{row.pk}/change/"):
        shown = text(viewer, url)
        assert "&lt;script&gt;alert(1)" in shown
        assert "&lt;b&gt;x" in shown
        assert "<script>alert" not in shown


def test_refusals_are_filtered_by_code_endpoint_and_client(viewer: Client) -> None:
    first = refused(weight=1200)
    second = refused("missing_signature", client="198.51.100.2")
    third = refused("unknown_endpoint", endpoint="nobody", client="2001:db8::1")

    assert found(viewer) == {first.pk, second.pk, third.pk}
    assert found(viewer, code="invalid_signature") == {first.pk}
    assert found(viewer, endpoint="stripe") == {first.pk, second.pk}
    assert found(viewer, endpoint="(elsewhere)") == {third.pk}
    assert found(viewer, q="2001:db8::1") == {third.pk}
    assert "1,200" in text(viewer, LIST)
    assert "1,200 since the last one" in text(viewer, f"{LIST}{first.pk}/change/")
    assert "itself alone" in text(viewer, f"{LIST}{second.pk}/change/")


def test_refusals_are_read_only_and_need_a_permission() -> None:
    row = refused()
    page = f"{LIST}{row.pk}/change/"
    stranger, master = log_in("view_webhookevent"), Client()
    master.force_login(User.objects.create_superuser("master"))

    assert stranger.get(LIST).status_code == 403
    assert stranger.get(page).status_code == 403
    assert LIST not in text(stranger, "/admin/")
    assert "Refused within the hour" not in text(stranger, "/admin/")
    for part in ("change", "delete"):
        assert master.post(f"{LIST}{row.pk}/{part}/", {"code": "x"}).status_code == 403
    assert master.post(f"{LIST}add/").status_code == 403


def test_the_dashboard_shows_recent_refusals_if_any(viewer: Client) -> None:
    refused("stale_signature", recorded_at=timezone.now() - timedelta(hours=2))
    assert "Refused within the hour" not in text(viewer, "/admin/")
    refused(weight=1000)
    refused(weight=234)

    shown = text(viewer, "/admin/")
    assert "Refused within the hour" in shown
    assert "1,234" in shown
    assert f"{LIST}?code=invalid_signature" in shown
    assert "stale_signature" not in shown


def test_the_number_of_queries_does_not_grow_with_the_list(viewer: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(viewer, LIST)
        return len(queries)

    refused()
    few = queries()
    for number in range(60):
        refused(client=f"198.51.100.{number}")

    assert queries() == few
