"""The local API: Flask behind a Unix socket and loopback, never a balancer's target."""
