"""The admin's look: its sidebar and its pages' frame."""

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

from payments_project import __version__
from payments_project.settings.core import DEBUG


def _screen(title: str, icon: str, model: str, **query: str) -> dict[str, object]:
    """Return a line of the sidebar, for those who may see the model (`app.model`)."""
    app, name = model.split(".")

    def may_view(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    link = reverse_lazy(f"admin:{app}_{name}_changelist", query=query or None)
    shortcut = {"active": False} if query else {}
    return {"title": title, "icon": icon, "link": link, "permission": may_view, **shortcut}


UNFOLD = {
    "SITE_TITLE": "Payments",
    "SITE_HEADER": "Payments",
    # In the sidebar and not on the login page: a stranger could look its defects up.
    "SITE_SUBHEADER": f"Version {__version__}",
    "SITE_SYMBOL": "receipt_long",
    "SHOW_HISTORY": False,
    "ENVIRONMENT": ["Development", "info"] if DEBUG else ["Production", "danger"],
    "GLOBAL_CALLBACK": "payments_project.headers.without_inline_colours",
    "STYLES": [lambda request: static("staff/admin.css")],
    "ACCOUNT": {
        "navigation": [{"title": "Second factor", "link": reverse_lazy("second-factor")}],
    },
    "DASHBOARD_CALLBACK": "webhooks.admin.dashboard.dashboard",
    "SIDEBAR": {
        "navigation": [
            {
                "title": "Webhooks",
                "items": [
                    _screen("Events", "bolt", "webhooks.webhookevent"),
                    _screen("Failed events", "error", "webhooks.webhookevent", status="failed"),
                    _screen("Alerts", "notifications", "webhooks.alert"),
                    _screen("Refused deliveries", "block", "webhooks.refusal"),
                ],
            },
            {
                "title": "Billing",
                "items": [
                    _screen("Customers", "person", "billing.customer"),
                    _screen("Subscriptions", "autorenew", "billing.subscription"),
                    _screen("Invoices", "receipt", "billing.invoice"),
                    _screen("Payments", "payments", "billing.paymentintent"),
                    _screen("Charges", "credit_card", "billing.charge"),
                    _screen("Refunds", "undo", "billing.refund"),
                    _screen("Disputes", "gavel", "billing.dispute"),
                    _screen("Checkout sessions", "shopping_cart", "billing.checkoutsession"),
                    _screen("Payouts", "account_balance", "billing.payout"),
                    _screen("Balance", "account_balance_wallet", "billing.balancetransaction"),
                    _screen("Credit notes", "request_quote", "billing.creditnote"),
                    _screen("Payment methods", "wallet", "billing.paymentmethod"),
                    _screen("Setup intents", "add_card", "billing.setupintent"),
                    _screen("Idempotency keys", "repeat_one", "billing.idempotencykey"),
                ],
            },
            {
                "title": "Catalog",
                "collapsible": True,
                "items": [
                    _screen("Products", "inventory_2", "billing.product"),
                    _screen("Prices", "sell", "billing.price"),
                    _screen("Coupons", "local_offer", "billing.coupon"),
                    _screen("Promotion codes", "confirmation_number", "billing.promotioncode"),
                    _screen("Discounts", "percent", "billing.discount"),
                ],
            },
            {
                "title": "Access",
                "items": [
                    _screen("Users", "badge", "auth.user"),
                    _screen("Groups", "group", "auth.group"),
                    _screen("API tokens", "key", "webhooks.apitoken"),
                    _screen("Audit trail", "policy", "webhooks.auditentry"),
                    {"title": "API", "icon": "api", "link": reverse_lazy("docs")},
                ],
            },
        ],
    },
}
