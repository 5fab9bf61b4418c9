"""SIECLE (base élèves établissement): students, guardians and their ties, subjects."""
