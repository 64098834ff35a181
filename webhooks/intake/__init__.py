"""From a delivery, or a provider's list, to recorded events."""
