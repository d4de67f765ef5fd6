"""Names, hints, messages and checks of arguments: the words that all rooms share."""
