"""Data larger than memory that a trained model is measured on, or predicts: encoded into the cache, as memory maps.

`loading` is the entry point for labelled data, whose rows `labelled` encodes piece by piece; `arrays` opens archives.
"""
