"""`nncli train --find-lr`: a learning rate by a range test; `finding` is its story, `writing` puts it into a config."""
