"""Trains: the training step, the loop around it, and everything that a run writes to the disk."""
