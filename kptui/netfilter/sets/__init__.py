"""Sets of packets: what a rule asks for, what a chain surely ends, and which rules nothing is left for."""
