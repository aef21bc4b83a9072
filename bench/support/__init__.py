"""Support bundles beside sos: time, memory, disk, and what leaks, on one reference appliance."""
