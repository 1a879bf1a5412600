"""Using a run: predictions and evaluations.

`predict` and `evaluate` tell the stories; `open_run` opens a run's model, `named_predictions` turns outputs into
classes, labels or values, `output_formats` writes them as a table, JSON, CSV or Parquet; `remarks` says what numbers
alone do not; `verification` compares predictions from files with Keras.
"""
