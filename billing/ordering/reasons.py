"""The reasons by which the latest snapshot is told from the rest."""

from django.db.models import TextChoices


class OrderingReason(TextChoices):
    """The reason why one state counts and not another: a rule's name, or why none was needed."""

    FIRST_HEARD = "first_heard", "nothing was known of it"
    ADDED = "added", "it adds to what is known"
    FOLLOWS = "follows", "each update tells what it found"
    DELETED = "deleted", "nothing follows a deletion"
    REVISION = "revision", "the provider counts its changes"
    FINAL = "final", "there is no way back from that state"
    BEGINNING = "beginning", "the other is what it began with"
    GROWN = "grown", "what only grows has grown"
    CLOCK = "clock", "the provider made it later"
    FORWARD = "forward", "made in the same second, but further along"
    MENTIONED = "mentioned", "made in the same second, and it tells of the other"
    SUMMED = "summed", "it is the sum of what names it"
    ANSWER = "answer", "the provider was asked"
    UNDECIDED = "undecided", "nothing tells which came last"
    ONLY_NAMED = "only_named", "it was only named by another"
    ABRIDGED = "abridged", "a list in it goes on"
