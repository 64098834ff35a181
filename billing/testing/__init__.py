"""Billing's part of the testing kit: what providers tell of a customer, and what comes of it."""
