"""What one writes by hand: FastAPI around a Keras model. `python serve_keras.py model.keras PORT predict|call`."""

import sys

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

model = keras.models.load_model(sys.argv[1])
app = FastAPI()


class Images(BaseModel):
    """Pixels of images, (images, height, width, 1)."""

    instances: list[list[list[list[int]]]]


@app.post("/predict")
def predict(images: Images) -> dict[str, list[list[float]]]:
    """The probabilities of each class."""
    pixels = np.asarray(images.instances, np.uint8)
    if sys.argv[3] == "predict":
        return {"predictions": model.predict(pixels, verbose=0).tolist()}
    return {"predictions": np.asarray(model(pixels, training=False)).tolist()}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
