"""The API's keys: who may come in, with what, and how often; and the command that makes them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks import tokens
from webhooks.models import ApiToken, Scope
from webhooks.testing.api_client import bearer, caller, issue, problem

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/events"


@pytest.fixture
def anna() -> User:
    user = User.objects.create_user("anna", password="known-to-tests")
    user.user_permissions.set(Permission.objects.filter(codename="view_webhookevent"))
    return user


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    cache.clear()


def run(*arguments: str) -> tuple[str, str]:
    output, told = StringIO(), StringIO()
    call_command("api_token", *arguments, stdout=output, stderr=told)
    return output.getvalue(), told.getvalue()


def test_a_token_grants_what_scope_and_user_permit(anna: User) -> None:
    _, key = issue(anna, [Scope.EVENTS_READ])
    assert bearer(key).get(EVENTS).status_code == 200


def test_only_the_hash_of_a_key_is_kept(anna: User) -> None:
    token, key = issue(anna)
    assert key.startswith("pay_")
    assert len(key) > 40
    kept = [str(value) for value in ApiToken.objects.values_list().get(pk=token.pk)]
    assert not [value for value in kept if key[len(token.prefix) :] in value]
    assert token.prefix == key[:12]


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer pay_unknown",
        "Bearer",
        "Bearer ",
        "Bearer pay_\xff\x00",
        "Bearer sk_test_1",
        "bearer " + "x" * 9000,
    ],
)
def test_invalid_tokens_are_refused(authorization: str) -> None:
    answer = Client().get(EVENTS, headers={"Authorization": authorization})
    assert problem(answer) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", "Token pay_1"])
def test_anonymous_callers_are_asked_for_a_token(authorization: str) -> None:
    answer = Client().get(EVENTS, headers={"Authorization": authorization})
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("end", ["revoked", "expired", "inactive"])
def test_expired_revoked_and_inactive_users_tokens_are_refused(anna: User, end: str) -> None:
    now = timezone.now()
    token, key = issue(anna, expires_at=now + timedelta(days=-1 if end == "expired" else 1))
    if end == "revoked":
        tokens.revoke(token, actor="tests", now=now)
    if end == "inactive":
        User.objects.update(is_active=False)
    assert problem(bearer(key).get(EVENTS)) == (401, "invalid_token")


def test_last_use_is_stored_once_a_minute(anna: User) -> None:
    token, key = issue(anna)
    now = timezone.now()
    for seconds, noted in [(0, now), (59, now), (60, now + timedelta(seconds=60))]:
        assert tokens.recognise(key, now=now + timedelta(seconds=seconds))
        token.refresh_from_db()
        assert token.last_used_at == noted


def test_scope_and_permission_are_both_needed(anna: User) -> None:
    _, key = issue(anna, [Scope.BILLING_READ])
    assert problem(bearer(key).get(EVENTS)) == (403, "missing_scope")
    anna.user_permissions.clear()
    _, key = issue(anna)
    assert problem(bearer(key).get(EVENTS)) == (403, "permission_denied")


def test_a_session_needs_no_token_but_csrf(anna: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert client.get(EVENTS).status_code == 200
    answer = client.post(f"{EVENTS}/evt_1/replay", {"reason": "x"}, "application/json")
    assert problem(answer) == (403, "permission_denied")
    assert "CSRF" in answer.json()["detail"]


def test_a_key_is_in_no_log_and_no_answer(anna: User, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    _, key = issue(anna, [])
    answers = [bearer(key).get(EVENTS), bearer(f"{key}x").get(EVENTS)]
    assert key not in caplog.text
    assert not [answer for answer in answers if key in answer.content.decode()]


def test_each_key_may_call_only_so_often(settings: Settings) -> None:
    settings.API_THROTTLE_RATE = "2/hour"
    client, other = caller("view_webhookevent"), caller("view_webhookevent")
    assert [client.get(EVENTS).status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get(EVENTS)
    assert problem(answer) == (429, "throttled")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert other.get(EVENTS).status_code == 200


def test_an_address_may_guess_only_so_often(settings: Settings) -> None:
    settings.API_ANONYMOUS_THROTTLE_RATE = "2/hour"
    guesser = bearer("pay_guess")
    assert [guesser.get(EVENTS).status_code for _ in range(3)] == [401, 401, 429]
    assert problem(Client().get("/api/v1/nothing")) == (429, "throttled")
    assert caller("view_webhookevent").get(EVENTS).status_code == 200
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert elsewhere.get(EVENTS).status_code == 401


REFUSED: dict[str, tuple[Callable[[User], Client], int]] = {
    "without the scope": (lambda anna: bearer(issue(anna, [])[1]), 403),
    "without the permission": (lambda _: caller(name="berta"), 403),
    "for a type that is not answered": (lambda anna: _asking(issue(anna)[1], "text/html"), 406),
    "for such a type, as a stranger": (lambda _: _asking("pay_guess", "text/html"), 401),
    "without a token": (lambda _: Client(), 401),
}


def _asking(key: str, accepted: str) -> Client:
    client = bearer(key)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}", HTTP_ACCEPT=accepted)
    return client


@pytest.mark.parametrize("refused", REFUSED)
def test_nobody_is_refused_without_end(anna: User, settings: Settings, refused: str) -> None:
    settings.API_THROTTLE_RATE = settings.API_ANONYMOUS_THROTTLE_RATE = "2/hour"
    make, status = REFUSED[refused]
    client = make(anna)
    assert [client.get(EVENTS).status_code for _ in range(3)] == [status, status, 429]
    answer = client.get(EVENTS)
    assert problem(answer) == (429, "throttled")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    # Not by its user or its address, which others have too.
    assert caller("view_webhookevent").get(EVENTS).status_code == 200


def test_a_session_refused_for_its_csrf_token_is_not_refused_without_end(
    anna: User, settings: Settings
) -> None:
    settings.API_ANONYMOUS_THROTTLE_RATE = "2/hour"
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    said = [client.post(f"{EVENTS}/evt_1/replay").status_code for _ in range(3)]
    assert said == [403, 403, 429]


@pytest.mark.parametrize("address", ["/api/schema/", "/api/docs/"])
def test_keys_are_not_guessed_without_end_where_none_is_needed(
    settings: Settings, address: str
) -> None:
    settings.API_ANONYMOUS_THROTTLE_RATE = "2/hour"
    guesser = bearer("pay_guess")
    assert [guesser.get(address).status_code for _ in range(3)] == [401, 401, 429]


def test_a_request_is_counted_once(settings: Settings) -> None:
    settings.API_THROTTLE_RATE = settings.API_ANONYMOUS_THROTTLE_RATE = "4/hour"
    for client in (caller("view_webhookevent"), bearer("pay_guess")):
        assert 429 not in [client.get(EVENTS).status_code for _ in range(4)]
        assert client.get(EVENTS).status_code == 429


def test_while_redis_is_away_nobody_is_throttled(settings: Settings) -> None:
    settings.API_THROTTLE_RATE = "1/hour"
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    client = caller("view_webhookevent")
    assert [client.get(EVENTS).status_code for _ in range(3)] == [200, 200, 200]


def test_the_command_makes_a_key_and_shows_it_once(anna: User) -> None:
    output, told = run(
        "create", "--user=anna", "--name=ci", "--scope=events:read", "--expires-days=30"
    )
    token = ApiToken.objects.get()
    assert bearer(output.strip()).get(EVENTS).status_code == 200
    assert (token.name, token.scopes) == ("ci", ["events:read"])
    assert token.expires_at
    assert "can't be shown again" in told
    listed, _ = run("list")
    assert token.prefix in listed
    assert output.strip() not in listed

    run("revoke", str(token.pk))
    assert problem(bearer(output.strip()).get(EVENTS)) == (401, "invalid_token")
    assert "revoked" in run("list")[0]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["create", "--user=nobody", "--name=ci", "--scope=events:read"], "no user"),
        (["create", "--user=anna", "--name=", "--scope=events:read"], "--name"),
        (["create", "--user=anna", "--name=ci", "--scope=all"], "invalid choice"),
        (
            ["create", "--user=anna", "--name=ci", "--scope=events:read", "--expires-days=0"],
            "--expires-days",
        ),
        (["revoke", "1000000"], "no token"),
        ([], "action"),
    ],
)
def test_the_command_names_what_is_wrong(anna: User, arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*arguments)
    assert not ApiToken.objects.exists()


def test_staff_see_token_prefixes_and_revoke_tokens(anna: User) -> None:
    token, key = issue(anna)
    User.objects.update(is_staff=True)
    anna.user_permissions.set(
        Permission.objects.filter(codename__in=["view_apitoken", "change_apitoken"])
    )
    client = Client()
    client.force_login(anna)
    url = "/admin/webhooks/apitoken/"
    for page in (client.get(url), client.get(f"{url}{token.pk}/change/")):
        assert page.status_code == 200
        assert token.prefix in page.content.decode()
        assert key not in page.content.decode()
        assert token.sha256 not in page.content.decode()
    chosen = {"action": "revoke_selected", "_selected_action": token.pk}
    assert client.post(url, chosen).status_code == 302
    assert tokens.recognise(key, now=timezone.now()) is None

    anna.user_permissions.set(Permission.objects.filter(codename="view_apitoken"))
    other, key = issue(anna)
    client.post(url, {"action": "revoke_selected", "_selected_action": other.pk})
    assert tokens.recognise(key, now=timezone.now())
