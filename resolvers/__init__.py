"""How each edge of the graph gets its data: viewer scope, batches, derived fields, mutations."""
