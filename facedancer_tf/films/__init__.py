"""Reads films (video, GIF, animated WebP and PNG) frame by frame; knows nothing of faces."""
