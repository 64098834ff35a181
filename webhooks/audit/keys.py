"""What the audit key is used for besides entries."""

import hashlib
import hmac

from webhooks import conf


def keyed_hash(text: str) -> str:
    """A hash of a text that nobody can guess the text from without the key."""
    return hmac.new(conf.audit_keys()[0].encode(), text.encode(), hashlib.sha256).hexdigest()
