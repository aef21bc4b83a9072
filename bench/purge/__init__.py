"""What emptying a large folder costs beside `find -delete`, and what a writer loses meanwhile."""
