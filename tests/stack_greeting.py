"""What `make stack` tells once everything runs: lines to be copied."""

import json
import os
import shlex
import signal
from dataclasses import dataclass
from urllib.request import Request, urlopen

from payments_project import development

STEPS = 40

ORDER = {
    "mode": "subscription",
    "line_items": [{"price": "price_gold"}],
    "customer_email": "ada@example.com",
    "success_url": "https://example.com/thanks",
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """`manage` is what runs manage.py with the stack's settings."""

    port: int
    settings: dict[str, str]
    manage: str
    password: str | None

    @property
    def stripe(self) -> str:
        """Where the small Stripe is."""
        return self.settings["STRIPE_API_BASE"]

    def give(self) -> None:
        """Wait, let a story happen, and tell. In a process of its own; if it fails, all stops."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this stops it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            development.wait_until_ready(self.port, lambda: True)
            stripe_port = int(self.stripe.rpartition(":")[2])
            development.wait_until_ready(stripe_port, lambda: True, path="/_control/clock")
            self._let_happen()
        except (OSError, SystemExit):
            os.kill(os.getppid(), signal.SIGTERM)
            raise
        told = development.greeting(self.port, self.password, self._lines())
        print(told, flush=True)  # noqa: T201

    def _let_happen(self) -> None:
        body = json.dumps({"steps": STEPS}).encode()
        with urlopen(Request(f"{self.stripe}/_control/stories", body), timeout=60):  # noqa: S310
            pass

    def _lines(self) -> dict[str, str]:
        """By label; later ones use what earlier ones gave."""
        api = f"http://127.0.0.1:{self.port}/api"
        rights = "--scope billing:read --scope billing:write"
        bearer = '-H "Authorization: Bearer $KEY"'
        order = f"-H 'Idempotency-Key: order-1' --json {shlex.quote(json.dumps(ORDER))}"
        step = {"step": "checkouts.complete", "arguments": {"session": "ID"}}
        story = {"steps": STEPS}
        return {
            "API": f"{api}/docs/",
            "Database": self.settings["DATABASE_URL"],
            "Stripe": f"{self.stripe} (a small one of our own; its clock runs ahead of ours)",
            "Token": f"KEY=$({self.manage} api_token create --user admin --name me {rights})",
            "Order": f"curl {api}/v1/checkout-sessions {bearer} {order}",
            "Pay": f"curl {self.stripe}/_control/steps -d '{json.dumps(step)}'  # the order's id",
            "See": f"curl '{api}/v1/subscriptions?page_size=1' {bearer}",
            "Story": f"curl {self.stripe}/_control/stories -d '{json.dumps(story)}'",
            "Compare": f"{self.manage} reconcile_billing --repair",
            "Drill": f"{self.manage} chaos_drill{development.url_option(self.port)}",
        }
