"""What people write: the YAML files of a book, read, checked and turned into `Definitions`."""
