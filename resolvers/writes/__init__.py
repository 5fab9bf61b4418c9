"""Mutations: each is an action that says what to write, or refuses; `performing` does the rest."""
