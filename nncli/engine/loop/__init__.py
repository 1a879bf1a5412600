"""The training loop: epochs of batches, compiled into one program that runs Keras's own steps.

`training` runs epochs and callbacks; `program` holds the compiled loops of a network, `program_cache` keeps them for
the next training; `data_pass` runs one pass in chunks, `compiled_loop` is the loop itself, `device_buffers` the data
on the device; `keras_fit` is the executor `keras`; `epoch_logs` and `stage_timing` report. Does not depend on files.
"""
