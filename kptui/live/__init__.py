"""A source that is read again and again: what changed, how fast counters move, when to read next; no screen in it."""
