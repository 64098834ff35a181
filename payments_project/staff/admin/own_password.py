"""The page on which staff change their own password, on record."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.urls import reverse_lazy
from django.utils import timezone
from unfold.forms import AdminOwnPasswordChangeForm

from payments_project.staff import accounts


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """A new password, on record in the same transaction."""

    # Here and not in the view: a password that is saved without its record must not be.
    def save(self, commit: bool = True) -> Any:
        with transaction.atomic():
            user = super().save(commit)
            accounts.record_new_password(user, actor=user.get_username(), now=timezone.now())
        return user


class OwnPasswordView(PasswordChangeView):
    """As the admin's own page, but for the form."""

    form_class = OwnPasswordForm
    template_name = "registration/password_change_form.html"
    success_url = reverse_lazy("admin:password_change_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**admin.site.each_context(self.request), **kwargs)


own_password = admin.site.admin_view(OwnPasswordView.as_view(), cacheable=True)
