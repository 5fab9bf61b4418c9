"""Subscriptions: who hears of what, and what each may read of it."""
