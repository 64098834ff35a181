"""The second factor, as staff and those who pretend to be staff meet it."""

import re
from base64 import b32decode, b32encode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from payments_project.staff import second_factor
from webhooks.models import AuditEntry

pytestmark = pytest.mark.django_db

SETTINGS = "/admin/second-factor/"
CODE = "/admin/second-factor/code/"
INSIDE = ["/admin/", "/admin/webhooks/webhookevent/", "/admin/password_change/", "/admin/search/"]


@pytest.fixture
def user() -> User:
    user = User.objects.create(username="anna", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_webhookevent"))
    return user


def log_in(user: User) -> Client:
    """A browser in which the password was given."""
    client = Client()
    client.force_login(user)
    return client


def code_now(user: User, *, confirmed: bool = True) -> str:
    """What the user's authenticator shows. It may be used again, as if time had gone by."""
    device = TOTPDevice.objects.get(user=user, confirmed=confirmed)
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1, drift=0)
    return code_of(device.bin_key)


def code_of(key: bytes) -> str:
    return f"{TOTP(key).token():06d}"


def scan(client: Client) -> bytes:
    """The key that the page shows, to be scanned."""
    text = client.get(SETTINGS).content.decode()
    (key,) = re.findall(r'key: <span class="code">([A-Z2-7]+)</span>', text)
    assert "<svg" in text
    return b32decode(key)


def set_up(client: Client, user: User) -> list[str]:
    """Set an authenticator up; the backup codes."""
    answer = client.post(SETTINGS, {"token": code_of(scan(client))})
    assert answer.status_code == 200
    return re.findall(r'<li class="code">(\w+)</li>', answer.content.decode())


def forgive(user: User) -> None:
    """Let the wait after wrong codes be over."""
    for model in (TOTPDevice, StaticToken.device.field.related_model):
        model.objects.filter(user=user).update(
            throttling_failure_timestamp=timezone.now() - timedelta(days=1)
        )


def forgive_session(client: Client) -> None:
    """The same for a set-up."""
    session = client.session
    session.pop("second_factor_set_up", None)
    session.save()


def is_inside(client: Client) -> bool:
    return {client.get(url).status_code for url in INSIDE} == {200}


def is_outside(client: Client) -> bool:
    answers = [client.get(url) for url in INSIDE]
    led = {answer.headers.get("Location", "").partition("?")[0] for answer in answers}
    return led == {CODE} and client.get("/api/v1/events").status_code == 401


class TestOptional:
    def test_without_a_second_factor_the_password_is_enough(self, user: User) -> None:
        assert is_inside(log_in(user))

    def test_with_a_second_factor_the_password_is_not_enough(self, user: User) -> None:
        set_up(log_in(user), user)
        client = log_in(user)

        assert is_outside(client)
        answer = client.post(f"{CODE}?next=/admin/search/", {"token": code_now(user)})
        assert answer.headers["Location"] == "/admin/search/"
        assert is_inside(client)
        assert client.get("/api/v1/events").status_code == 200

    def test_it_can_be_switched_off(self, user: User) -> None:
        client = log_in(user)
        set_up(client, user)

        client.post(SETTINGS, {"remove": "yes"})

        assert not second_factor.is_enrolled(user)
        assert is_inside(log_in(user))


class TestRequired:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Settings) -> None:
        settings.STAFF_SECOND_FACTOR = "required"

    def test_staff_without_one_can_only_set_it_up(self, user: User) -> None:
        client = log_in(user)

        assert is_outside(client)
        assert client.get(CODE).headers["Location"] == SETTINGS
        assert "<svg" in client.get(SETTINGS).content.decode()
        assert len(set_up(client, user)) == second_factor.CODES
        assert is_inside(client)

    def test_it_cannot_be_switched_off(self, user: User) -> None:
        client = log_in(user)
        set_up(client, user)

        client.post(SETTINGS, {"remove": "yes"})

        assert second_factor.is_enrolled(user)

    def test_a_trailing_slash_is_no_way_in(self, user: User) -> None:
        assert log_in(user).get("/api/v1/events/").status_code == 401


def test_switched_off_nobody_is_asked(user: User, settings: Settings) -> None:
    set_up(log_in(user), user)
    settings.STAFF_SECOND_FACTOR = "off"

    client = log_in(user)

    assert is_inside(client)
    assert client.get(SETTINGS).status_code == client.get(CODE).status_code == 404


def test_an_unverified_session_cannot_change_the_second_factor(user: User) -> None:
    set_up(log_in(user), user)
    client = log_in(user)
    TOTPDevice.objects.create(user=user, confirmed=False)

    assert client.get(SETTINGS).headers["Location"].startswith(CODE)
    assert client.post(SETTINGS, {"token": code_now(user, confirmed=False)}).status_code == 302
    assert client.post(SETTINGS, {"codes": "new"}).status_code == 302
    assert client.post(SETTINGS, {"remove": "yes"}).status_code == 302
    assert is_outside(client)


def test_wrong_codes_are_refused_and_throttled(user: User) -> None:
    set_up(log_in(user), user)
    client = log_in(user)

    refused = client.post(CODE, {"token": "000000"}).content.decode()
    waiting = client.post(CODE, {"token": code_now(user)}).content.decode()

    assert "is looked at after" in refused
    assert "is looked at after" in waiting
    assert is_outside(client)
    forgive(user)
    client.post(CODE, {"token": code_now(user)})
    assert is_inside(client)


def test_a_wrong_code_during_setup_is_throttled_and_says_so(user: User) -> None:
    client = log_in(user)
    key = scan(client)

    refused = client.post(SETTINGS, {"token": "000000"}).content.decode()
    waiting = client.post(SETTINGS, {"token": code_of(key)}).content.decode()
    # Having another key shown does not end the wait.
    other = client.post(SETTINGS, {"token": code_of(scan(client))}).content.decode()

    for text in (refused, waiting, other):
        assert "is looked at after" in text
        assert "<svg" not in text
    assert not second_factor.is_enrolled(user)


class TestSettingUp:
    def enrols(self, client: Client, key: bytes, user: User) -> bool:
        client.post(SETTINGS, {"token": code_of(key)})
        return second_factor.is_enrolled(user)

    def test_a_mistyped_code_may_be_followed_by_the_right_one(
        self, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = log_in(user)
        key = scan(client)
        client.post(SETTINGS, {"token": "no code"})
        # A wait of a second is over. The code is good a step later, too.
        code, later = code_of(key), timezone.now() + timedelta(seconds=2)
        monkeypatch.setattr("django.utils.timezone.now", lambda: later)

        client.post(SETTINGS, {"token": f" {code[:3]} {code[3:]} "})

        assert second_factor.is_enrolled(user)

    def test_the_code_that_set_it_up_opens_nothing_else(self, user: User) -> None:
        client = log_in(user)
        code = code_of(scan(client))
        client.post(SETTINGS, {"token": code})
        other = log_in(user)

        other.post(CODE, {"token": code})

        assert is_inside(client)
        assert is_outside(other)

    def test_a_key_is_made_anew_whenever_it_is_shown(self, user: User) -> None:
        client = log_in(user)
        first, second = scan(client), scan(client)

        assert first != second
        assert not self.enrols(client, first, user)

    def test_a_key_is_of_use_to_the_session_that_was_shown_it_alone(self, user: User) -> None:
        thief, owner = log_in(user), log_in(user)
        seen = scan(thief)
        scan(owner)

        assert not self.enrols(owner, seen, user)
        assert self.enrols(thief, seen, user)

    def test_a_session_that_is_copied_takes_no_key_along(self, user: User) -> None:
        thief, owner = log_in(user), log_in(user)
        seen = scan(thief)
        theirs, ours = (
            Session.objects.get(pk=client.cookies[conf.SESSION_COOKIE_NAME].value)
            for client in (thief, owner)
        )
        Session.objects.filter(pk=ours.pk).update(session_data=theirs.session_data)

        assert not self.enrols(owner, seen, user)

    def test_a_key_is_nowhere_in_the_database_before_it_is_confirmed(self, user: User) -> None:
        key = scan(log_in(user))

        kept = [str(one.get_decoded()) for one in Session.objects.all()]
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
                kept += [str(row) for row in cursor.fetchall()]
        forms = (key.hex(), b32encode(key).decode(), str(key))
        assert kept
        assert not [form for form in forms for text in kept if form in text]
        assert not TOTPDevice.objects.exists()

    def test_a_key_that_0_1_0_kept_is_of_no_use(self, user: User) -> None:
        device = TOTPDevice.objects.create(user=user, confirmed=False)
        client = log_in(user)

        assert not self.enrols(client, device.bin_key, user)
        set_up(client, user)
        assert not TOTPDevice.objects.filter(confirmed=False).exists()


NEW = "staple battery horse correct"


def change_own(client: Client, admin: Client, user: User) -> None:
    form = {"old_password": "correct horse battery", "new_password1": NEW, "new_password2": NEW}
    assert client.post("/admin/password_change/", form).status_code == 302


def change_by_admin(client: Client, admin: Client, user: User) -> None:
    form = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "yes"}
    assert admin.post(f"/admin/auth/user/{user.pk}/password/", form).status_code == 302


@pytest.mark.parametrize("change", [change_own, change_by_admin])
def test_a_new_password_ends_other_sessions_and_set_ups(user: User, change: Any) -> None:
    user.set_password("correct horse battery")
    user.save()
    thief, owner = log_in(user), log_in(user)
    admin = log_in(User.objects.create_superuser("berta"))
    seen, own = scan(thief), scan(owner)

    change(owner, admin, user)

    for client, key in ((thief, seen), (owner, seen), (owner, own)):
        client.post(SETTINGS, {"token": code_of(key)})
        assert not second_factor.is_enrolled(user)
    assert thief.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert owner.get("/admin/").status_code == (200 if change is change_own else 302)
    # Who changed it goes on, and may set up anew.
    if change is change_own:
        forgive_session(owner)
        set_up(owner, user)
        assert second_factor.is_enrolled(user)


def test_a_code_works_once(user: User) -> None:
    set_up(log_in(user), user)
    code = code_now(user)
    first, second = log_in(user), log_in(user)

    first.post(CODE, {"token": code})
    second.post(CODE, {"token": code})

    assert is_inside(first)
    assert is_outside(second)


def test_a_backup_code_works_once(user: User) -> None:
    code, *_ = set_up(log_in(user), user)
    first, second = log_in(user), log_in(user)

    first.post(CODE, {"token": f" {code[:6].upper()}-{code[6:]} "})
    second.post(CODE, {"token": code})

    assert is_inside(first)
    assert is_outside(second)


def test_backup_codes_are_not_kept_as_they_are(user: User) -> None:
    codes = set_up(log_in(user), user)

    kept = set(StaticToken.objects.values_list("token", flat=True))

    assert len(kept) == len(codes) == second_factor.CODES
    assert not kept & set(codes)


def test_new_backup_codes_replace_the_old(user: User) -> None:
    client = log_in(user)
    old, *_ = set_up(client, user)

    shown = client.post(SETTINGS, {"codes": "new"}).content.decode()

    new = re.findall(r'<li class="code">(\w+)</li>', shown)
    other = log_in(user)
    other.post(CODE, {"token": old})
    assert is_outside(other)
    forgive(user)
    other.post(CODE, {"token": new[0]})
    assert is_inside(other)


def test_another_users_code_is_refused(user: User) -> None:
    other = User.objects.create(username="berta", is_staff=True)
    set_up(log_in(user), user)
    set_up(log_in(other), other)
    client = log_in(user)

    client.post(CODE, {"token": code_now(other)})

    assert is_outside(client)


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_leads_to_no_other_site(user: User, url: str) -> None:
    set_up(log_in(user), user)
    client = log_in(user)

    answer = client.post(f"{CODE}?next={url}", {"token": code_now(user)})

    assert answer.headers["Location"] == "/admin/"


def test_changes_of_the_second_factor_are_recorded(user: User) -> None:
    client = log_in(user)
    codes = set_up(client, user)
    client.post(SETTINGS, {"codes": "new"})
    log_in(user).post(CODE, {"token": "000000"})
    call_command("reset_second_factor", "anna", reason="lost in a river")

    entries = AuditEntry.objects.filter(action=AuditEntry.Action.SECOND_FACTOR)
    told = entries.order_by("sequence").values_list("details", flat=True)
    assert [entry["what"] for entry in told] == [
        *("set up", "new backup codes", "wrong code", "removed")
    ]
    removed = entries.latest("sequence")
    assert removed.reason.text == "lost in a river"
    assert not [code for code in codes if code in str(list(told))]


def test_a_reset_ends_verified_sessions(user: User, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    client = log_in(user)
    set_up(client, user)
    assert is_inside(client)

    call_command("reset_second_factor", "anna", reason="lost")

    assert is_outside(client)


@pytest.mark.parametrize("name", ["nobody", "anna"])
def test_a_reset_says_when_there_is_nothing_to_do(user: User, name: str) -> None:
    with pytest.raises(CommandError, match=name):
        call_command("reset_second_factor", name, reason="lost")


def test_a_delivery_with_a_session_cookie_costs_no_query(user: User) -> None:
    client = log_in(user)

    with CaptureQueriesContext(connection) as asked:
        client.post("/webhooks/stripe", b"{}", content_type="application/json")

    assert not [query for query in asked if "django_session" in query["sql"]]


def test_the_pages_are_for_staff_only(user: User) -> None:
    stranger, customer = Client(), Client()
    customer.force_login(User.objects.create(username="carl"))

    for client in (stranger, customer):
        for url in (SETTINGS, CODE):
            answer: Any = client.get(url)
            assert answer.headers["Location"].startswith("/admin/login/")


def test_a_policy_that_is_none_is_named(settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = "sometimes"

    assert [problem.id for problem in run_checks(tags=["staff"])] == ["webhooks.E040"]
