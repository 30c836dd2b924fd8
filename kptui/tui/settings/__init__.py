"""What the user's settings file says: its fields (data), where it lies, how it is read, keys by their id."""
