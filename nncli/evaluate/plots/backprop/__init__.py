"""Pictures of back-propagation: `graph` a computation graph, `weights` the gradients of a network's weights."""
