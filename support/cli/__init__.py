"""The verbs about support: `support-bundle` and `redact`. Shell: words and arguments only."""
