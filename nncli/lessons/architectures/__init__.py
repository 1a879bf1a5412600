"""How networks are built: `layers` as matrix products, `convolution` of a digit, `attention` between its rows."""
