"""Networks out: SavedModels and ONNX files that need nothing of this project."""
