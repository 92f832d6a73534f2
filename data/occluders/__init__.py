"""Draws things that cover faces in training: hands, hair, microphones, masks, glasses and more, each from a seed."""
