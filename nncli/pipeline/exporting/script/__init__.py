"""A run as one Python script that needs Keras and not nncli.

`writing` puts the script together. `data_code` writes how it reads the data; `network_code`, `layer_code`, `table_code`
and `member_code` write the network, `training_code` the objective, the training and the metrics; `calls` formats calls.
"""
