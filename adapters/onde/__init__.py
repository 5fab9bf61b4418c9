"""ONDE (primary schools): pupils, guardians and teachers as three CSV files without identifiers."""
