"""The result of a certification, written for people, programs and those who take submissions."""
