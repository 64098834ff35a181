"""The groups that staff begin with, and what each may do.

They are made once, by a migration; what is changed in them later stays as it was changed.
"""

from collections.abc import Mapping
from typing import Final

# Each permission by its name: a model that is added later is nobody's to see until it is here.
_READING: Final = frozenset(
    {
        "webhooks.view_alert",
        "webhooks.view_refusal",
        "webhooks.view_webhookevent",
        "billing.view_balancetransaction",
        "billing.view_billingchange",
        "billing.view_charge",
        "billing.view_checkoutsession",
        "billing.view_coupon",
        "billing.view_creditnote",
        "billing.view_customer",
        "billing.view_discount",
        "billing.view_dispute",
        "billing.view_invoice",
        "billing.view_paymentintent",
        "billing.view_paymentmethod",
        "billing.view_payout",
        "billing.view_price",
        "billing.view_product",
        "billing.view_promotioncode",
        "billing.view_refund",
        "billing.view_setupintent",
        "billing.view_subscription",
    }
)
_SUPPORT: Final = _READING | {"webhooks.replay_webhookevent"}
_OPERATOR: Final = _SUPPORT | {
    "webhooks.bulk_replay_webhookevent",
    "webhooks.force_replay_webhookevent",
    "webhooks.handle_alert",
    "webhooks.ignore_webhookevent",
    "webhooks.view_raw_payload",
    "webhooks.view_apitoken",
    "webhooks.change_apitoken",
    "billing.erase_customer",
    "billing.view_idempotencykey",
}
_AUDITOR: Final = _READING | {
    "webhooks.view_apitoken",
    "webhooks.view_auditentry",
    "webhooks.export_auditentry",
    "auth.view_group",
    "auth.view_user",
}

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "Support": _SUPPORT,
    "Operator": _OPERATOR,
    "Auditor": _AUDITOR,
}
"""Per group, its permissions (`app.codename`). To revoke an API token is to change it."""
