"""What is expected of a source, packet by packet: the files of `kptui test`, running them, and telling the results."""
