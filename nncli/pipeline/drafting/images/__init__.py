"""What `init` and `data` do for images alone.

`drafting` looks at images and decides, `entries` writes the `data` section with the reasons, `augmentation` shows what
a config's augmentation makes of images and alone needs TensorFlow.
"""
