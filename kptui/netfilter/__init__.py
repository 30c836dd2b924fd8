"""What the kernel does with a packet: hooks, matches, targets, routing, and the trace made of them."""
