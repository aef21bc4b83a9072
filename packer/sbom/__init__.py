"""What an image is made of, in the two formats that others read."""
