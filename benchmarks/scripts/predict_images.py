"""A typical script that uses a saved model: loads it, reads images, predicts.

    python predict_images.py model.keras digit.png
    python predict_images.py model.keras folder

Prints one line of JSON per image.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

model = keras.models.load_model(sys.argv[1])
given = Path(sys.argv[2])
files = sorted(given.glob("*.png")) if given.is_dir() else [given]
images = np.stack([np.asarray(Image.open(file).convert("L")) for file in files])[..., None]
probabilities = model.predict(images, batch_size=256, verbose=0)
for file, row in zip(files, probabilities, strict=True):
    print(json.dumps({"input": str(file), "prediction": str(row.argmax()), "probability": float(row.max())}))
