"""Several nodes side by side: read concurrently, each kept as a frozen snapshot and a small summary, compared."""
