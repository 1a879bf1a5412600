"""The process that TensorFlow is imported into; does not depend on models or data.

`environment` sets the backend, number type and threads and imports Keras, `import_blocking` keeps unneeded packages out
of that import, `silence` holds back what C++ code prints, `forking` decides whether workers can still be forked, and
`graphs` frees what TensorFlow would keep.
"""
