"""A second corpus, by another author: what a stranger puts into the files of a support bundle."""
