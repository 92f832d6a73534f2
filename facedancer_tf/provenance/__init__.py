"""The marks that say that a picture is synthetic."""
