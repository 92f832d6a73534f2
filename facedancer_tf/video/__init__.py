"""Swaps faces in films: finds who is there, follows them, and swaps them frame by frame."""
