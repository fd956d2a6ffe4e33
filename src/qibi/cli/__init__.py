"""The edge: one file a command. Clock, environment, cache folder and terminal are touched here only."""
