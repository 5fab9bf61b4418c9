"""OneRoster CSV (1EdTech) 1.1 and 1.2: read as an export, and written for other systems."""
