"""Using a run: predictions and evaluations.

`predict` and `evaluate` tell the stories; `open_run` opens a run's model, `named_predictions` turns outputs into
classes, labels or values, `output_formats` writes them as JSON, CSV or Parquet, `output_table` on the screen; `groups`
divides rows by a column, `unlike` counts inputs that are unlike the training data, `remarks` says what numbers alone do
not; `scoring/` are the parts of an evaluation.
"""
