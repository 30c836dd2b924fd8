"""A chain, a rule, a Service or an address explained in sentences: what it does, why, what comes before and after."""
