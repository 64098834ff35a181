"""The endpoints, wherever they are mounted."""

from django.urls import re_path

from webhooks import views

app_name = "webhooks"

# With and without the slash: providers don't follow redirects. Whatever else comes after the
# prefix is an unknown endpoint too, and told so in the same form.
urlpatterns = [re_path(r"^(?P<endpoint>[\s\S]*?)/?\Z", views.receive, name="receive")]
