"""Words that every room of the house uses: weeks, points, findings, text, language."""
