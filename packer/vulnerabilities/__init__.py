"""Known vulnerabilities of what is inside, matched offline, and what we say about them."""
