"""All tests: `./tests/run` runs every one of them."""
