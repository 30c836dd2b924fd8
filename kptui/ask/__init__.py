"""What a user asks: a packet and the host's facts, as words, checked and turned into numbers."""
