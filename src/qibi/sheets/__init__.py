"""Score sheets as people keep them: csv and xlsx, long form and grid form, to entries."""
