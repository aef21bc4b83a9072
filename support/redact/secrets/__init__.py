"""Rules that find secrets in lines and passages of any text, in the order they are tried."""
