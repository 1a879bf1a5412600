"""One training by several workers, which are processes or devices; each runs its slice of every batch.

`cluster` reads which processes take part, `replicas` starts TensorFlow's strategy, `slices` shares a batch out, `step`
is Keras's step with one gradient of all workers, `program` has the compiled loops, `agreement` what workers decide
together, `watch` looks for divergence, `cost` models what the exchange takes. Does not depend on files.
"""
