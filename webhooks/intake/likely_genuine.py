"""The refused deliveries that may well have been the provider's own.

When all of those are refused, an operator must hear of it. Whatever a stranger can send without
either a signature to check or the provider's address is not among them: it says nothing of how the
provider fares, and anybody could raise the alarm by it.
"""

from webhooks import conf
from webhooks.exceptions import MalformedSignature, MissingSignature, Rejected, SourceNotAllowed
from webhooks.guards import client_address, sources
from webhooks.guards.admission import IncomingDelivery
from webhooks.providers import PROVIDERS


def may_be_genuine(refusal: Rejected, delivery: IncomingDelivery, slug: str) -> bool:
    """True for a refused delivery that may well be the provider's."""
    endpoint = conf.endpoint(slug)
    if endpoint is None:
        return False
    # First, as it needs no signature: a proxy that strips the header leaves nothing else to tell.
    if sources.is_published(endpoint.provider, delivery.client):
        return True
    if isinstance(refusal, SourceNotAllowed):
        return _is_signed(delivery, endpoint) and _is_beyond_lists(endpoint, delivery.client)
    return _is_compared(refusal, delivery)


def _is_compared(refusal: Rejected, delivery: IncomingDelivery) -> bool:
    """True when the signature was compared with the body, whether or not it fitted.

    A forgery is no different from a delivery signed with a secret that was changed at the provider.
    """
    # A body that was not read wholly had nothing compared with it, whatever the refusal says.
    return delivery.body is not None and not isinstance(
        refusal, MissingSignature | MalformedSignature
    )


def _is_signed(delivery: IncomingDelivery, endpoint: conf.Endpoint) -> bool:
    header = PROVIDERS[endpoint.provider].signature_header
    # A provider may prove itself in the body: there, none of its headers tells.
    return bool(header and delivery.get(header, "").strip())


def _is_beyond_lists(endpoint: conf.Endpoint, client: str) -> bool:
    """True where no list tells a client that is shut out from the provider."""
    if not sources.is_listed(endpoint.provider):
        return True
    # No stranger on the Internet has such an address: it is our own proxy's, taken for the client's
    # because `TRUSTED_PROXY_COUNT` is too low, and so the provider comes from there as well.
    return not client_address.is_public(client)
