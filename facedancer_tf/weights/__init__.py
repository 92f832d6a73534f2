"""Finds files of weights, reads and writes them, and builds networks from them."""
