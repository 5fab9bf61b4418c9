"""AAF (annuaire académique fédérateur): the directory export of the French ministry, see README.md."""
