"""The marks that say of a picture that it is synthetic."""
