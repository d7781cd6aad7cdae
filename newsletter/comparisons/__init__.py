"""Comparisons, and the formats they arrive in."""
