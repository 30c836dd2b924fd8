"""Several nodes for people and for programs: what each has, and what differs."""
