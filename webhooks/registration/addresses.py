"""Addresses that Stripe delivers to: which of our endpoints they lead to, and if they are safe."""

from urllib.parse import SplitResult, urlsplit

from django.urls import Resolver404, resolve, reverse

from webhooks import conf
from webhooks.registration.events import STRIPE

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadAddress(ValueError):
    """An address at which Stripe could not, or should not, deliver to us; the message says why."""


def endpoint_at(url: str) -> conf.Endpoint | None:
    """Return our endpoint to which an address' path leads, by whatever host; None for none."""
    try:
        found = resolve(urlsplit(url).path)
    except (Resolver404, ValueError):
        return None
    # Wherever the project mounts the view, an alias included, it is the same view.
    receive = resolve(reverse("webhooks:receive", args=["any"])).func
    return conf.endpoint(found.kwargs["endpoint"]) if found.func is receive else None


def is_same(one: str, other: str) -> bool:
    """True for two addresses at which a delivery comes to the same."""
    return _normal(one) == _normal(other)


def origin_of(url: str) -> str:
    """Return an address without its path, as one writes it."""
    return "{}://{}".format(*_normal(url)[:2])


def _normal(url: str) -> tuple[str, str, str, str]:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        # What somebody has written at Stripe need be no address: it is like none but itself.
        return "", url, "", ""
    scheme, host = parts.scheme.lower(), parts.netloc.lower()
    host = host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
    return scheme, host, parts.path.rstrip("/"), parts.query


def addressed(url: str, slug: str) -> tuple[conf.Endpoint, str]:
    """Return the endpoint that an address leads to, and the whole address.

    One without a path is that of the endpoint `slug`, or of the only one of Stripe's. Raises
    `BadAddress`.
    """
    parts = read_address(url)
    if not parts.path.strip("/"):
        known = [one.slug for one in conf.endpoints() if one.provider == STRIPE]
        if not slug and len(known) != 1:
            raise BadAddress(f"Say for which endpoint, with --endpoint: {', '.join(known)}.")
        url = origin_of(url) + reverse("webhooks:receive", args=[slug or known[0]])
    found = endpoint_at(url)
    if found is None:
        raise BadAddress(
            f"The path {urlsplit(url).path} leads to none of our endpoints, which are "
            f"{', '.join(one.slug for one in conf.endpoints())}. Name one of theirs, such as "
            f"{reverse('webhooks:receive', args=[conf.endpoints()[0].slug])}."
        )
    if slug and found.slug != slug:
        raise BadAddress(f"The path {parts.path} leads to the endpoint {found.slug!r}.")
    if found.provider != STRIPE:
        raise BadAddress(f"The endpoint {found.slug!r} is {found.provider}'s, and not Stripe's.")
    return found, url


def public_address() -> str:
    """Return our public address, without a path, as `SITE_URL` or `ALLOWED_HOSTS` tell it.

    Empty where they tell none, or that of this machine alone.
    """
    url = conf.site_url()
    return "" if not url or urlsplit(url).hostname in LOOPBACK else origin_of(url)


def read_address(url: str) -> SplitResult:
    """Return the parts of a public address. Raises `BadAddress`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadAddress("This is no address. Write it as https://pay.example.com/…") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress("This is no address. Write it as https://pay.example.com/…")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise BadAddress("Over http:// anybody on the way could read deliveries. Write https://.")
    # Nothing of it is of use to us, and it would be kept at Stripe, and in the audit trail.
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadAddress("Write the address without a user, a query and a fragment.")
    return parts
