"""A trace beside what this machine's kernel does: the dump in a throwaway namespace, packets sent there, compared."""
