"""The addresses of everything that is served."""

import re

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from payments_project import health, metrics, refusals
from payments_project.staff.admin import second_factor
from payments_project.staff.admin.own_password import own_password
from webhooks.api.schema import DocsView, SchemaView
from webhooks.api.views import elsewhere
from webhooks.views import receive

handler400 = refusals.bad_request
handler404 = refusals.not_found
handler500 = refusals.server_error

aliases = [
    re_path(rf"^{re.escape(alias[1:])}/?\Z", receive, {"endpoint": slug})
    for alias, slug in settings.WEBHOOK_ALIASES.items()
]

urlpatterns = [
    path("webhooks/", include("webhooks.urls")),
    *aliases,
    # Before the admin's own addresses, of which the last takes whatever is left.
    path("admin/second-factor/", second_factor.settings, name="second-factor"),
    path("admin/second-factor/code/", second_factor.prove, name="second-factor-token"),
    path("admin/password_change/", own_password, name="own-password"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("webhooks.api.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
    # Programs get a problem document for an address that is none, not a page.
    re_path(r"^api(?:/|\Z)", elsewhere),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", metrics.show),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
