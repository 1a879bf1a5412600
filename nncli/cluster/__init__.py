"""Tasks on a Ray cluster; knows no networks, configs or runs.

`request` is what the user asked for, `joining` finds, joins or starts a cluster, `nodes` lists its nodes and refuses
those with other versions, `tasks` runs functions on them, `gang` has actors that start together, `capture` keeps what
Ray prints away from the user, `scratch` has temporary folders. Ray is the extra `ray`, and is imported inside functions
only.
"""
