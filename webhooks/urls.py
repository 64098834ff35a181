"""The endpoints, wherever they are mounted."""

from django.urls import re_path

from webhooks import views

app_name = "webhooks"

# With and without the slash: providers don't follow redirects.
urlpatterns = [re_path(r"^(?P<endpoint>[-\w]+)/?$", views.receive, name="receive")]
