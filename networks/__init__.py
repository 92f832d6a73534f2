"""Keras functional models of FaceDancer: shapes and layers, nothing else."""
