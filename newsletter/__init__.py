"""Weekly AI Tool Verdicts: comparisons in, one sent issue out."""

__version__ = "0.1.0"
