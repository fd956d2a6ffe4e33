"""The rules of the book as SQL, the engine that runs them, and what comes out of it."""
