"""A signed delivery, posted as Stripe posts it."""

import hashlib
import hmac
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """Return the header `Stripe-Signature` of a body at a time in unix seconds."""
    message = str(timestamp).encode() + b"." + body
    proof = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={proof}"


def post(url: str, body: bytes, secret: str, timeout: float) -> int:
    """Deliver a body; the status of the answer, 0 for none. Redirects are not followed."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    # The plain client: it follows no redirect, which Stripe takes for a failure as well.
    connection = (HTTPSConnection if secure else HTTPConnection)(parts.netloc, timeout=timeout)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        # By the real clock, whatever the world's: the receiver compares it with its own, and each
        # retry is signed anew.
        "Stripe-Signature": signature(body, secret, int(time.time())),
        "User-Agent": USER_AGENT,
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        # Read to its end, or the receiver would see a connection that was cut.
        answer.read()
    except (OSError, HTTPException):
        return 0
    else:
        return answer.status
    finally:
        connection.close()
