"""A source over plain lists of rows: for tests, and the easy way to write an adapter."""
