"""One invented school as each system would export it, and the graph that all of them give together."""
