"""The operator's pages: behind a sign-in, one module per screen, each thin over the functions of app."""
