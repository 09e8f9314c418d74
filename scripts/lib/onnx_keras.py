"""Writes a Keras network through tf2onnx: onnx_keras.py NAME FILE. Exit code 3: a package is missing."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
try:
    import keras
    import tensorflow
    import tf2onnx
except ImportError:
    sys.exit(3)

CLASSES = 3


def cnn():
    l = keras.layers
    return [
        l.Conv2D(8, 3, padding="same", activation="relu"), l.BatchNormalization(), l.MaxPooling2D(2),
        l.Conv2D(6, 3, strides=2, padding="same"), l.LeakyReLU(), l.Dropout(0.3), l.Flatten(),
        l.Dense(CLASSES, activation="softmax"),
    ]  # fmt: skip


def separable():
    l = keras.layers
    return [
        l.ZeroPadding2D(1), l.SeparableConv2D(8, 3), l.BatchNormalization(), l.ReLU(6.0), l.AveragePooling2D(3, 2, padding="same"),
        l.UpSampling2D(2), l.Conv2DTranspose(4, 3, strides=2, padding="same"), l.GlobalAveragePooling2D(), l.LayerNormalization(),
        l.Dense(CLASSES, activation="softmax"),
    ]  # fmt: skip


def mlp():
    l = keras.layers
    return [l.Dense(16, activation="elu"), l.Dense(8, activation="swish"), l.Dense(CLASSES, activation="softmax")]


def lstm():
    l = keras.layers
    return [l.LSTM(6), l.Dense(CLASSES, activation="softmax")]


SIZES = {"cnn": (16, 16, 3), "separable": (16, 16, 3), "mlp": (20,), "lstm": (7, 5)}
name, path = sys.argv[1:]
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input(SIZES[name])] + globals()[name]())
for layer in model.layers:
    # What begins at 0 or 1 gets other numbers, so that a mistake with them shows.
    layer.set_weights([
        values + keras.random.uniform(values.shape, 0.1, 0.4).numpy() if values.ndim == 1 else values
        for values in layer.get_weights()
    ])  # fmt: skip
signature = [tensorflow.TensorSpec((None, *SIZES[name]), tensorflow.float32, name="x")]
function = tensorflow.function(lambda x: model(x), input_signature=signature)
tf2onnx.convert.from_function(function, signature, opset=17, output_path=path)
