"""Reads films (video, GIF, animated WebP and PNG) frame by frame, and writes them; knows nothing of faces."""
