"""The process that TensorFlow is imported into; does not depend on models or data.

`environment` sets backend, number type and threads and imports Keras, `import_blocking` keeps needless packages out of
that import, `silence` holds back what C++ code prints, `forking` says whether workers may still be forked.
"""
