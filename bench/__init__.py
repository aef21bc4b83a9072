"""Every figure the README claims, each by one command, beside a peer in the same run."""
