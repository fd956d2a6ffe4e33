"""What proves a book: seals, audit, signatures."""
