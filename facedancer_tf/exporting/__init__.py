"""Exports networks as SavedModels and ONNX files that need nothing of this project."""
