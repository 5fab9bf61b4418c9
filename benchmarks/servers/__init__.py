"""The servers that are measured; each reads BENCHMARK_DATABASE and BENCHMARK_KEY from the environment."""
