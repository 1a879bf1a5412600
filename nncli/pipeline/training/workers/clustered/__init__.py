"""One training by several workers of a Ray cluster, one of which writes the run that comes back.

The caller: `training` tells the story, `supervision` looks after the workers, `returning` writes the run folder.
On a node: `agent` is an actor that starts a process for its worker and speaks for it, `worker` is that process, `order`
what both are told, `speaking` passes on what the chief says.

A worker is a process beside its actor, as TensorFlow wants the main thread, and as a process that hangs in native code
can be ended, and a crash told, by another only.
"""
