"""Measures a swapped film against its target, frame by frame: identity, pose, steadiness, times and sound."""
