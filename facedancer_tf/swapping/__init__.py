"""Swaps faces in pictures: cuts crops out, runs the networks on them, and pastes the swapped faces back."""
