"""Many books, one answer: a fleet's books are collected into a lake of Parquet files and ranked there."""
