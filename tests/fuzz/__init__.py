"""Feeds what reads strangers' bytes with inputs that are bred to reach every branch of it."""
