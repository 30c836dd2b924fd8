"""Text to AST and back: the grammar, the typed AST, diagnostics and the writers."""
