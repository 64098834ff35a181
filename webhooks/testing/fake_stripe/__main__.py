"""The small Stripe as a process: `python -m webhooks.testing.fake_stripe --port 8010 …`."""

import argparse
import signal
from threading import Event

from webhooks.testing.fake_stripe.control import version
from webhooks.testing.fake_stripe.deliveries import LIVE_RETRIES, SANDBOX_RETRIES, Policy, scaled
from webhooks.testing.fake_stripe.records import WebhookEndpoint
from webhooks.testing.fake_stripe.server import serve
from webhooks.testing.fake_stripe.world import World

# An hour passes in six seconds: whoever tries the project should see retries come.
HASTE = 1 / 600
POLICY = Policy(retries=scaled(SANDBOX_RETRIES, HASTE), live_retries=scaled(LIVE_RETRIES, HASTE))


def main() -> None:
    """Serve a world whose clock is the real one, until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="webhooks.testing.fake_stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--webhook", metavar="URL", help="the address to deliver events to")
    parser.add_argument("--secret", help="signing secret of the webhook: whsec_…")
    parser.add_argument("--api-version", type=version, default="current", help="of the webhook")
    parser.add_argument("--seed", help="makes ids the same each time")
    options = parser.parse_args()
    if bool(options.webhook) != bool(options.secret):
        parser.error("--webhook and --secret need each other")
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    world = World(options.seed, follow_clock=True)
    if options.webhook:
        world.endpoints.append(
            WebhookEndpoint(options.webhook, options.secret, options.api_version)
        )
    with serve(world, port=options.port, policy=POLICY) as served:
        # Flushed, as whoever started this waits for the line to learn the port.
        print(served.url, flush=True)  # noqa: T201
        stopped.wait()


if __name__ == "__main__":
    main()
