"""The real kernel as the judge of a trace: a throwaway network namespace, packets, the rule trace."""
