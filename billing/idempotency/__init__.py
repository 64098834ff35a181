"""Idempotency keys, and the encryption of the responses that are stored with them."""
