"""What a shell offers when Tab is pressed: `names` of configs and runs, `settings` with their keys and values.

A shell waits for it, so neither TensorFlow nor pydantic is imported: keys come from the JSON Schema beside the configs.
"""
