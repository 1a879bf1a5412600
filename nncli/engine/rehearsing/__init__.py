"""Short trainings that answer a question and leave nothing: can the network learn, and how fast is it?

`overfitting` trains on one batch until it is learned, `quieting` switches off what works against that, `pacing` ends a
training after a few seconds and tells how fast it was.
"""
