"""A comparison that was stopped, killed or failed in part, and goes on.

`resuming` tells the story, from the request that `request_record` keeps in the comparison's run.json.
"""
