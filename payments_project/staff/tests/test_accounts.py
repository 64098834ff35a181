"""Changes of who may do what: by whom, and on record."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from webhooks import tokens
from webhooks.models import AuditEntry
from webhooks.testing.api_client import issue

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
USERS = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"


@pytest.fixture
def other() -> User:
    return User.objects.create(username="berta", is_staff=True)


def log_in(*permissions: str, is_superuser: bool = False) -> Client:
    user = User.objects.create_user("anna", password=PASSWORD, is_staff=True)
    user.is_superuser = is_superuser
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return log_in(is_superuser=True)


def account(user: User, **changes: Any) -> dict[str, Any]:
    """The form of an account, with changes."""
    form = {
        "username": user.username,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        **({"is_active": "on"} if user.is_active else {}),
        **({"is_staff": "on"} if user.is_staff else {}),
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def save(client: Client, url: str, data: dict[str, Any]) -> None:
    answer = client.post(url, data)
    assert answer.status_code == 302, answer.context["errors"]


def on_record() -> list[tuple[str, str, dict[str, Any]]]:
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.PERMISSIONS).order_by("sequence")
    return [(entry.actor, entry.subject, entry.details) for entry in entries]


def test_a_changed_account_is_recorded(admin: Client, other: User) -> None:
    support = Group.objects.get(name="Support")
    permission = Permission.objects.get(codename="view_user")

    changes = {"is_active": None, "is_superuser": "on", "groups": [support.pk]}
    form = account(other, **changes, user_permissions=[permission.pk])
    save(admin, f"{USERS}{other.pk}/change/", form)

    assert on_record() == [
        (
            "anna",
            f"auth.user:{other.pk}",
            {
                "name": "berta",
                "changed": {
                    "active": [True, False],
                    "groups": [[], ["Support"]],
                    "permissions": [[], ["auth.view_user"]],
                    "superuser": [False, True],
                },
            },
        )
    ]


def test_changes_without_effect_on_rights_are_not_recorded(admin: Client, other: User) -> None:
    save(admin, f"{USERS}{other.pk}/change/", account(other, first_name="Berta"))

    assert on_record() == []


def test_creating_and_deleting_an_account_is_recorded(admin: Client) -> None:
    form = {"username": "carl", "password1": PASSWORD, "password2": PASSWORD}
    save(admin, f"{USERS}add/", {**form, "usable_password": "true"})
    user = User.objects.get(username="carl")
    save(admin, f"{USERS}{user.pk}/delete/", {"post": "yes"})

    (_, _, made), (_, _, ended) = on_record()
    assert made["changed"]["active"] == [None, True]
    assert ended["changed"]["active"] == [True, None]
    assert PASSWORD not in str(on_record())


def test_deleting_several_accounts_is_recorded(admin: Client, other: User) -> None:
    form = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    save(admin, USERS, form)

    assert [subject for _, subject, _ in on_record()] == [f"auth.user:{other.pk}"]
    assert not User.objects.filter(pk=other.pk).exists()


def deletion(user: User, way: str) -> tuple[str, dict[str, Any]]:
    """Where and how to delete an account: from its own page, or ticked in the list."""
    if way == "page":
        return f"{USERS}{user.pk}/delete/", {}
    return USERS, {"action": "delete_selected", "_selected_action": [user.pk]}


@pytest.mark.parametrize("way", ["page", "list"])
@pytest.mark.parametrize("is_superuser", [True, False])
def test_tokens_are_revoked_and_go_with_their_user(is_superuser: bool, way: str) -> None:
    admin = log_in("view_user", "delete_user", is_superuser=is_superuser)
    program = User.objects.create(username="program")
    token, key = issue(program)
    former, _ = issue(program)
    tokens.revoke(former, actor="tests", now=timezone.now())
    _, anothers = issue(User.objects.get(username="anna"))

    url, form = deletion(program, way)
    save(admin, url, {**form, "post": "yes"})

    assert tokens.recognise(key, now=timezone.now()) is None
    assert tokens.recognise(anothers, now=timezone.now())
    assert not User.objects.filter(username="program").exists()
    revoked = AuditEntry.objects.filter(action=AuditEntry.Action.TOKEN_REVOKED)
    assert set(revoked.values_list("actor", "subject")) == {
        ("anna", f"webhooks.apitoken:{token.pk}"),
        ("tests", f"webhooks.apitoken:{former.pk}"),
    }


@pytest.mark.parametrize("way", ["page", "list"])
def test_whoever_deletes_an_account_is_not_told_of_its_tokens(way: str) -> None:
    keeper = log_in("view_user", "delete_user")
    program = User.objects.create(username="program")
    url, form = deletion(program, way)

    def said() -> str:
        answer = keeper.post(url, form) if form else keeper.get(url)
        assert answer.status_code == 200
        # Each page has a CSRF token and a nonce of its own.
        return re.sub(r"[\w+/=-]{16,}", "", answer.content.decode())

    before = said()
    issue(program)
    assert said() == before


def test_a_changed_group_is_recorded(admin: Client) -> None:
    group = Group.objects.create(name="Interns")
    permission = Permission.objects.get(codename="view_webhookevent")

    form = {"name": "Interns", "permissions": [permission.pk]}
    save(admin, f"{GROUPS}{group.pk}/change/", form)

    changed = {"permissions": [[], ["webhooks.view_webhookevent"]]}
    assert on_record() == [
        ("anna", f"auth.group:{group.pk}", {"name": "Interns", "changed": changed})
    ]


def test_setting_a_password_is_recorded_without_the_password(admin: Client, other: User) -> None:
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    save(admin, f"{USERS}{other.pk}/password/", {**form, "set-password": "yes"})

    assert on_record() == [
        ("anna", f"auth.user:{other.pk}", {"name": "berta", "password": "changed"})
    ]


def test_changing_ones_own_password_is_recorded(admin: Client) -> None:
    new = "staple battery horse correct"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    save(admin, "/admin/password_change/", form)

    ((actor, _, details),) = on_record()
    assert (actor, details) == ("anna", {"name": "anna", "password": "changed"})
    assert admin.get("/admin/").status_code == 200


@pytest.mark.parametrize("password", ["elevenchars", "123456789012", "password1234"])
def test_weak_passwords_are_refused(admin: Client, password: str) -> None:
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}

    assert admin.post("/admin/password_change/", form).status_code == 200
    assert on_record() == []


def test_a_change_that_cannot_be_recorded_is_not_made(
    admin: Client, other: User, settings: Settings
) -> None:
    settings.AUDIT_KEY = ""
    admin.raise_request_exception = False

    answer = admin.post(f"{USERS}{other.pk}/change/", account(other, is_superuser="on"))

    assert answer.status_code == 500
    other.refresh_from_db()
    assert not other.is_superuser


class TestWithoutBeingSuperuser:
    @pytest.fixture
    def keeper(self) -> Client:
        return log_in(
            *("view_user", "add_user", "change_user", "delete_user"),
            *("view_group", "add_group", "change_group", "delete_group"),
        )

    def test_nobody_can_be_made_superuser(self, keeper: Client) -> None:
        user = User.objects.create(username="carl")
        operator = Group.objects.get(name="Operator")

        form = account(user, is_staff="on", is_superuser="on", groups=[operator.pk])
        save(keeper, f"{USERS}{user.pk}/change/", {**form, "user_permissions": [1]})

        user.refresh_from_db()
        assert not user.is_staff
        assert not user.is_superuser
        assert not user.groups.exists()
        assert not user.user_permissions.exists()

    def test_nobody_can_raise_themselves(self, keeper: Client) -> None:
        user = User.objects.get(username="anna")

        form = account(user, is_superuser="on")
        assert keeper.post(f"{USERS}{user.pk}/change/", form).status_code == 403

    @pytest.mark.parametrize("part", ["change", "password", "delete"])
    def test_a_colleagues_account_is_out_of_reach(
        self, keeper: Client, other: User, part: str
    ) -> None:
        form = {"password1": PASSWORD, "password2": PASSWORD, "post": "yes"}

        assert keeper.post(f"{USERS}{other.pk}/{part}/", form).status_code == 403

    def test_a_colleague_is_not_deleted_in_a_selection(self, keeper: Client, other: User) -> None:
        form = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
        keeper.post(USERS, form)

        assert User.objects.filter(pk=other.pk).exists()

    @pytest.mark.parametrize("part", ["change", "delete"])
    def test_groups_cannot_be_changed(self, keeper: Client, part: str) -> None:
        group = Group.objects.get(name="Support")

        answer = keeper.post(f"{GROUPS}{group.pk}/{part}/", {"name": "Mine", "post": "yes"})

        assert answer.status_code == 403
        assert keeper.post(f"{GROUPS}add/", {"name": "Mine"}).status_code == 403
