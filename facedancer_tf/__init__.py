"""FaceDancer, pose- and occlusion-aware face swapping (Rosberg et al., WACV 2023), in TensorFlow and Keras."""

__version__ = "0.1.0"
