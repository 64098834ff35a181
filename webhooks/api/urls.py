"""The events' addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from webhooks.api import events

router = SimpleRouter(trailing_slash=False)
router.register("events", events.EventViewSet)

urlpatterns = [
    *router.urls,
    path("events/<event_id>/attempts", events.AttemptsView.as_view()),
    path("events/<event_id>/replay", events.ReplayView.as_view()),
]
