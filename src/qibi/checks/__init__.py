"""One registry of checks: help, docs and tests derive from it."""
