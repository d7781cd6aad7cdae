"""Ways out, one file each: how a request is built, how an answer is read, how a report is verified.

A provider knows the vocabulary of `delivery` and `events` and nothing else of this package. Which one is used, and with
which settings, is decided where everything is put together. What they share begins with an underscore.
"""
