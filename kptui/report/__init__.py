"""Traces and ASTs as text for people and JSON for programs."""
