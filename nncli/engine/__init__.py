"""Training, compiled: the loop, its executors, prediction, weights and export; does not depend on YAML or run folders.

`arrays` holds the engine's input and the training plan, `executor` chooses the executor, `loop/` trains, `parallel/`
splits batches, `divergence/` finds where a training went wrong, `rehearsing/` trains for a few seconds, `process/`
prepares the process, `callbacks` keep the best weights, `randomness` derives all randomness from seed and epoch;
`prediction`, `weights`, `export`, `gradients` and `layer_cam` work on an existing model. Nothing is imported here,
because `process.environment.prepare` has to run before anything imports Keras.
"""
