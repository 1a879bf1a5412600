"""Back-propagation on the computation graph of any small expression; does not know commands, files or Keras.

`graph` has the nodes, `operations` what a node can compute, with its derivatives, `grammar` turns text into a graph
(nothing is evaluated by Python), `differentiation` runs it forward and backward; `spelling` writes formulas and the
chain rule, `text` the lesson, `drawing` arranges the graph for a terminal and for a picture; `exercise` asks for the
numbers, in a terminal or on a `worksheet`.
"""
