"""Faults done to nncli: `injection` at system calls, `power` loss, `flips` of bits, `kills` and stops of processes, a
`full_disk`; `scenes` are what they are done to. Each random fault is a function of a seed."""
