"""Data sets prepared by tensorflow-datasets: found on disk, read without TensorFlow, cached, or downloaded.

`loading` is the entry point; `prepared_folder` reads the metadata and examples of a folder, `tfrecords` its record
files, `array_cache` caches decoded arrays, `reachability` checks whether the download host is reachable, and `download`
is the only module that imports tensorflow-datasets.
"""
