"""Screens: what covers the whole terminal or stands above it."""
