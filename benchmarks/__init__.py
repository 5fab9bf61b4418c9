"""Passerelle and its peers, side by side on the same data."""
