"""The screens of users and groups, in the look of the others.

Every change of who may do what goes on record, in the transaction that makes it.
"""

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from payments_project.staff import accounts
from payments_project.staff.accounts import Rights
from webhooks import tokens
from webhooks.admin.selections import SelectionAdmin
from webhooks.models import ApiToken
from webhooks.models.permissions import may_view

# Django's own screens, which would change who may do what without a record of it.
admin.site.unregister([User, Group])

RAISING: Final = ("is_staff", "is_superuser", "groups", "user_permissions")
"""Fields for superusers alone: with any of these, one could give oneself everything."""


# Django's generic classes can be subscripted by a type checker, not while the program runs.
if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
    BaseUserAdmin = UserAdmin[User]
else:
    BaseAdmin = admin.ModelAdmin
    BaseUserAdmin = UserAdmin


class OnRecord(BaseAdmin):
    """A screen whose changes go on record."""

    def rights(self, obj: Any) -> Rights:
        """Return what is compared before and after a change."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # From the database, under a lock: `obj` has the form's values already, and two who change
        # one account at a time would each record a change from what neither found.
        before = type(obj).objects.select_for_update().get(pk=obj.pk) if change else None
        form.rights_before = self.rights(before) if before else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        # Groups and permissions are saved only now, after the account itself.
        super().save_related(request, form, formsets, change)
        self._record(request, form.instance, form.rights_before, self.rights(form.instance))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Left to itself, Django takes any relation's keys from an address: whoever sees accounts
        # could find out by trying which groups, tokens and second factors are whose.
        relations = {one.name: one.related_model for one in self.opts.get_fields()}
        related: Any = relations.get(lookup.partition("__")[0])
        if related is not None and not may_view(request.user, related):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Django lists and counts all that goes along, whatever model it is of.
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        # An account's tokens go with it. Nobody may delete one by itself: asked for here, that
        # would tell that there is one, and keep everybody from deleting its user.
        needed.discard(ApiToken._meta.verbose_name)
        if not request.user.is_superuser:
            listed = [str(one) for one in objs]
            counts = {str(self.opts.verbose_name_plural): len(listed)}
        return listed, counts, needed, protected

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record(request, obj, self.rights(obj), {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        # One by one, each on record: a query that deletes them all says nothing of any.
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def _record(self, request: HttpRequest, obj: Any, before: Rights, after: Rights) -> None:
        accounts.record_change(
            obj, before, after, actor=request.user.get_username(), now=timezone.now()
        )


@admin.register(User)
class AccountAdmin(OnRecord, BaseUserAdmin, SelectionAdmin):
    """The accounts of those who may log in, and their rights.

    Accounts of staff are for superusers to change: whoever could set a colleague's password could
    do what the colleague may.
    """

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    compressed_fields = False

    def rights(self, obj: Any) -> Rights:
        return accounts.rights_of_user(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        kept = super().get_readonly_fields(request, obj)
        return kept if request.user.is_superuser else (*kept, *RAISING)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        whole = super().get_fieldsets(request, obj)
        hidden = set() if may_view(request.user, Group) else {"groups"}
        # Even a part of a hash is of no use to those who only look.
        if obj is not None and not self.has_change_permission(request, obj):
            hidden.add("password")
        return [
            (name, {**options, "fields": [one for one in options["fields"] if one not in hidden]})
            for name, options in whole
        ]

    def get_list_filter(self, request: HttpRequest) -> Any:
        # A filter's choices are the names of all groups there are.
        offered = super().get_list_filter(request)
        return [one for one in offered if one != "groups" or may_view(request.user, Group)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        # Before they go with the account, for each is an entry of its own.
        for token in ApiToken.objects.filter(user=obj, revoked_at=None):
            tokens.revoke(token, actor=request.user.get_username(), now=timezone.now())
        super().delete_model(request, obj)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - as the address calls it
        form_url: str = "",
    ) -> HttpResponse:
        with transaction.atomic():
            # Django's view doesn't tell whether it set a password; the hash does, salt and all.
            account = self.get_object(request, unquote(id))
            before = account.password if account else ""
            answer: HttpResponse = super().user_change_password(request, id, form_url)
            if account:
                account.refresh_from_db(fields=["password"])
                if account.password != before:
                    accounts.record_new_password(
                        account, actor=request.user.get_username(), now=timezone.now()
                    )
        return answer


@admin.register(Group)
class RoleAdmin(OnRecord, GroupAdmin, SelectionAdmin):
    """The rights of a group's members; for superusers to change."""

    def rights(self, obj: Any) -> Rights:
        return accounts.rights_of_group(obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and request.user.is_superuser


def _may_touch(request: HttpRequest, account: User | None) -> bool:
    is_of_staff = account is not None and (account.is_staff or account.is_superuser)
    return request.user.is_superuser or not is_of_staff
