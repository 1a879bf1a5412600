"""Training, compiled: the loop, its executors, prediction, weights and export; knows no YAML and no run folder.

Nothing is imported here, because `environment.prepare` has to run before anything imports Keras. The doors are
`environment.prepare`, `executor.plan_executor`, `executor.choose_threads`,
`arrays.Arrays`, `arrays.Plan`, `loop.fit`, `shelf.Shelf`, `prediction.predict`, `weights.get_weights`,
`weights.set_weights`, `export.to_tflite`, `export.to_keras`, and `forking.may_fork` for processes that share an import.
"""
