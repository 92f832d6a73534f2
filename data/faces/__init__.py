"""Finding faces in pictures and cutting them out aligned."""
