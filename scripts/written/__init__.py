"""What is written, a file for each kind of entry."""
