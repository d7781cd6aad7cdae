"""Sending a mail to many people, each once: messages, batches, statuses, pacing, and what a provider is."""
