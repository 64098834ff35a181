"""HTTPS, cookies and headers."""

from payments_project.reading import read
from payments_project.settings.apps import MACHINE_PATHS
from payments_project.settings.core import DEBUG

# Providers don't follow redirects, and neither do probes.
SECURE_SSL_REDIRECT = read("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = ["^" + MACHINE_PATHS.removeprefix("/")]
# Without a proxy in front, the header would be anybody's to send.
TRUSTED_PROXY_COUNT = read("TRUSTED_PROXY_COUNT")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
# Off where a domain has hosts without HTTPS, which browsers would not open for a year.
SECURE_HSTS_INCLUDE_SUBDOMAINS = read("SECURE_HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = read("SECURE_HSTS_PRELOAD")
SESSION_ENGINE = "payments_project.sessions"
# The names keep another host of the same domain from setting them; browsers demand HTTPS for it.
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
# Strict would log out whoever follows a link to an event from a chat or an e-mail, and make the
# forms in their other tabs fail.
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Of whatever is no page; pages have theirs in payments_project.headers.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
