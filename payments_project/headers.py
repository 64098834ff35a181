"""The headers that tell browsers what not to do."""

from functools import cache
from http import HTTPStatus
from typing import Final

from csp.constants import HEADER, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from csp.utils import DIRECTIVES_T, build_policy, default_config
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in [
        *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid"),
        *("magnetometer", "microphone", "midi", "payment", "publickey-credentials-get"),
        *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
    ]
)

PAGES: Final[DIRECTIVES_T] = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "connect-src": [SELF],
    "font-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    # The small pictures in style sheets, such as the arrow of a select.
    "img-src": [SELF, "data:"],
    "script-src": [SELF],
    "style-src": [SELF],
}
ADMIN: Final[DIRECTIVES_T] = PAGES | {
    # Unfold's pages are driven by Alpine.js, which makes functions of the expressions in their
    # attributes. Scripts and styles in a page itself, which an attacker could inject, stay out.
    "script-src": [SELF, UNSAFE_EVAL],
    # Alpine.js places menus by setting the style of single elements; whole styles stay out.
    "style-src-attr": [UNSAFE_INLINE],
}
POLICIES: Final = {
    "admin": ADMIN,
    "second-factor": ADMIN,
    "second-factor-token": ADMIN,
    "own-password": ADMIN,
    "docs": PAGES,
}
"""By a page's namespace or name. What is no page has the tightest of all, from the settings."""


class HeadersMiddleware(CSPMiddleware):
    """Adds Content-Security-Policy and Permissions-Policy to every response."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        is_debug_page = settings.DEBUG and response.status_code in (
            HTTPStatus.NOT_FOUND,
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        if not is_debug_page:
            response.headers.setdefault(HEADER, _policy(_page(request)))
        return response


def without_inline_colours(request: HttpRequest) -> dict[str, None]:
    """Keep unfold from writing its colours into each page, where the policy forbids styles.

    `staff/admin.css` has them.
    """
    return {"colors": None}


def _page(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    return next((name for name in (*match.app_names, match.view_name) if name in POLICIES), "")


@cache
def _policy(page: str) -> str:
    # None stands for the one in the settings.
    chosen: str = build_policy(default_config(POLICIES[page]) if page else None)
    return chosen
