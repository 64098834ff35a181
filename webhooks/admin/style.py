"""The look of every screen."""

from django.http import HttpRequest


def without_inline_colours(request: HttpRequest) -> dict[str, None]:
    """Keep unfold from writing its colours into each page: `webhooks/admin.css` has them."""
    return {"colors": None}
