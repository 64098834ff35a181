"""Random lives of a subscription business, each step one that its objects' states allow."""

import random
from collections.abc import Sequence

from webhooks.testing.fake_stripe import customer_steps, money_steps, periods, subscription_steps
from webhooks.testing.fake_stripe.world import Account, World

# `created` is in whole seconds: events of the same one are what ordering by time gets wrong.
SAME_SECOND = 0.5
PAUSES = (1, 2, 60, 3600, periods.DAY)

BEGINNINGS = (
    customer_steps.begin_customer,
    subscription_steps.begin_subscription,
    customer_steps.begin_session,
    customer_steps.begin_invoice,
    money_steps.begin_payment,
    money_steps.begin_refund,
    money_steps.begin_dispute,
    money_steps.begin_payout,
)
CONTINUATIONS = (
    customer_steps.continue_customer,
    subscription_steps.continue_subscription,
    subscription_steps.continue_subscription,
    customer_steps.continue_session,
    customer_steps.continue_invoice,
    money_steps.continue_payment,
    money_steps.continue_refund,
    money_steps.continue_dispute,
    money_steps.continue_payout,
)


def random_story(
    world: World,
    rng: random.Random,
    steps: int,
    *,
    account: Account | None = None,
    pauses: Sequence[int] = PAUSES,
) -> None:
    """Let so many things happen, drawn by `rng`: half of them within the second of the last one,
    the others after one of these pauses (in seconds). It breaks off where the world's time ends."""
    account = account or world.account()
    for _ in range(steps):
        if rng.random() >= SAME_SECOND:
            pause = rng.choice(pauses)
            if world.until is not None and world.now + pause > world.until:
                return
            world.advance(pause)
        # More often on than anew, or no object would get far in its life.
        makers = [*BEGINNINGS, *CONTINUATIONS * 3]
        rng.shuffle(makers)
        # The first that can: most steps need an object in some state, which there may not be.
        for make in makers:
            if step := make(account, rng):
                step()
                break
