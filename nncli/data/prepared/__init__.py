"""Data sets that tensorflow-datasets prepares: found on disk, read without TensorFlow, cached, or downloaded.

`loading` is the way in; `prepared_folder` reads what a folder holds, `tfrecords` its record files, `array_cache` keeps
decoded arrays, `reachability` asks whether the host answers, `download` is the only place that imports
tensorflow-datasets.
"""
