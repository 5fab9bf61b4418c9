"""Where data lives: the source protocol, the canonical records, and one folder per source or format."""
