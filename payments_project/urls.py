"""Where everything is served."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from payments_project import health, refusals

handler400 = refusals.bad_request

urlpatterns = [
    path("webhooks/", include("webhooks.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
