"""What comes before training: `check`, `fix`, `init` and `inspect` (the command `data`); none needs TensorFlow.

`config_draft` and `sizing` decide what `init` writes, `target_option` reads `--target`, `augmentation` shows what a
config's augmentation makes of images (with TensorFlow).
"""
