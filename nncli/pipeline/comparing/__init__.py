"""Training several variants over the same seeds and comparing them.

`compare` tells the story; `variants` says what is compared, `scheduling` how many trainings run at once with how many
threads, `worker_pool` and `worker` run them in processes, `cell_training` trains one variant with one seed, `outcomes`
reads what it left, `conclusion` says what all of them say together. `finished` takes runs that are there already;
`settings/` sees to it that all get the same; `continuing/` resumes a comparison that was stopped; `clustered/`
trains on a cluster of other machines.
"""
