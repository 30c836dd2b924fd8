"""What an AST says as a whole: who jumps where, and where a text is found."""
