"""Where each file of an image comes from: whoever vouches for its bytes, or why it is there."""
