"""The screens of users and groups, in the look of the others."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from webhooks.admin.selections import SelectionAdmin

admin.site.unregister([User, Group])


@admin.register(User)
class AccountAdmin(UserAdmin[User], SelectionAdmin):
    """Who may log in, and what they may do."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    compressed_fields = False


@admin.register(Group)
class RoleAdmin(GroupAdmin, SelectionAdmin):
    """What the members of a group may do."""
