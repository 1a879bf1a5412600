"""One example on its way through a network and back: the values of every layer, the gradient of every weight."""
