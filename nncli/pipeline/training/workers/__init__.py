"""One training by several processes: those of this machine, or one on each node that TF_CONFIG names.

`launching` starts the processes of this machine and waits, `watchdog` looks after them, `line` is a worker's connection
to the process that started it; `group` says who trains together, `joining` starts their strategy, `following` is the
training of a worker that writes no run; `estimating` tells beforehand what more workers would gain.
"""
