"""What is read out and hung up: the weekly board, the meeting's minutes, standings for spreadsheets."""
