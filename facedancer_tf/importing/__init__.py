"""Other people's weight files in: read as graphs, matched against our own networks, nothing of theirs executed."""
