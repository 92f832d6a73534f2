"""Swapping faces in pictures: crops through the networks, cut out and pasted back."""
