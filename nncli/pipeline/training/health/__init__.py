"""The health of a training: what is measured of the layers, when, and what follows from it."""
