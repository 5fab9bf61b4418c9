"""Tables that anybody can fill in: one CSV or XLSX template for each kind of record."""
