"""The registration of our endpoints at Stripe, so that it sends what handlers take."""
