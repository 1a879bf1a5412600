"""Taking a run's model elsewhere.

`export` tells the story: which run, which format, which file; `conversion` makes the file's content and compares its
predictions with Keras's; `description` says what the model takes and gives; `script/` writes a training script.
"""
