"""Training, compiled: the loop, its executors, prediction, weights and export; does not depend on YAML or run folders.

`arrays` is what the engine is given, `executor` chooses how it trains, `loop/` trains, `parallel/` divides batches,
`process/` prepares the process, `callbacks` keep the best weights, `randomness` derives all of it from seed and epoch;
`prediction`, `weights`, `export` and `gradients` are for a model that is there. Nothing is imported here, because
`process.environment.prepare` has to run before anything imports Keras.
"""
