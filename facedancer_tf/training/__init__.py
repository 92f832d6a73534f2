"""The training step, the loop around it, and all that a run keeps on disk."""
