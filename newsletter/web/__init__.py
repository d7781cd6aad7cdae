"""The pages readers see, and the two doors for machines: webhooks and /healthz. Thin: parse, call the app, present."""
