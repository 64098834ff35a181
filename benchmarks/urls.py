"""The project's URLs, plus the two views to compare with."""

from django.urls import include, path

from benchmarks import views

urlpatterns = [
    path("benchmarks/empty", views.empty),
    path("benchmarks/plain", views.plain),
    path("", include("payments_project.urls")),
]
