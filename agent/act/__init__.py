"""Named acts as root: asked for over a socket, carried out by a short-lived one-shot."""
