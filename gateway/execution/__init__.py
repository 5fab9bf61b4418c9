"""The planner: an operation is compiled once, then executed level by level."""
