"""Finds faces in pictures and cuts them out as aligned crops."""
