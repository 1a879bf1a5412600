"""Which lessons there are, in the order of the lecture, how else they are called, and what continues them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nncli.lessons import backpropagation
from nncli.lessons.architectures import attention, convolution, layers
from nncli.lessons.lesson import Lesson
from nncli.lessons.neurons import activations, cost, gradient_descent, logistic, neuron
from nncli.lessons.outputs import logits, loss, multilabel, output, softmax
from nncli.lessons.training import adam, batches, initialisation, normalisation, overfitting


@dataclass(frozen=True)
class Entry:
    """A lesson's title, the function that teaches it, the numbers that can be set, commands that continue it, and
    other spellings of its name.

    `teach` takes assignments such as `w=3`, and what `takes` names: numbers after the lesson's name, or an image.
    """

    title: str
    teach: Callable[..., Lesson]
    values: tuple[str, ...]
    go_on: tuple[str, ...]
    spellings: tuple[str, ...] = ()
    takes: tuple[Literal["numbers", "image"], ...] = ()


LESSONS: dict[str, Entry] = {
    "neuron": Entry(
        neuron.TITLE,
        neuron.teach_neuron,
        tuple(neuron.VALUES),
        ("nncli explain neuron --set w=1,2,3 --set x=1,1,1 --set b=-2", "nncli explain logistic"),
        ("neurons", "perceptron", "artificial-neuron", "bias", "weights"),
    ),
    "logistic": Entry(
        logistic.TITLE,
        logistic.teach_logistic,
        tuple(logistic.VALUES),
        ("nncli train logistic_regression", "nncli explain cost"),
        ("logistic-regression", "logistic-function"),
    ),
    "cost": Entry(
        cost.TITLE,
        cost.teach_cost,
        tuple(cost.VALUES),
        ("nncli explain gradient-descent", "nncli explain loss"),
        ("cost-function", "objective"),
    ),
    "gradient-descent": Entry(
        gradient_descent.TITLE,
        gradient_descent.teach_gradient_descent,
        tuple(gradient_descent.VALUES),
        ("nncli train gradient_descent", "nncli compare logistic_regression gradient_descent"),
        ("gradient", "descent", "learning-rates", "step-size"),
    ),
    "activations": Entry(
        activations.TITLE,
        activations.teach_activations,
        tuple(activations.VALUES),
        ("nncli compare deep_sigmoid deep_relu", "nncli explain deep-sigmoid"),
        ("relu", "sigmoid", "tanh", "linear", "activation-function", "activation-functions", "vanishing-gradient"),
    ),
    "output": Entry(
        output.TITLE,
        output.teach_output,
        tuple(output.VALUES),
        ("nncli train binary", "nncli train positive_regression"),
        ("outputs", "output-layer-activation", "pairing", "pairings"),
    ),
    "softmax": Entry(
        softmax.TITLE,
        softmax.teach_softmax,
        tuple(softmax.VALUES),
        ("nncli train softmax_regression", "nncli explain loss"),
        ("softmax-regression", "temperature", "multiclass"),
        takes=("numbers",),
    ),
    "loss": Entry(
        loss.TITLE,
        loss.teach_loss,
        tuple(loss.VALUES),
        ("nncli train softmax_regression", "nncli explain logits"),
        ("cross-entropy", "crossentropy", "log-loss", "loss-function"),
    ),
    "logits": Entry(
        logits.TITLE,
        logits.teach_logits,
        tuple(logits.VALUES),
        ("nncli train mnist_softmax", "nncli explain logits-twice"),
        ("logit", "from-logits", "from-logits=true"),
    ),
    "multilabel": Entry(
        multilabel.TITLE,
        multilabel.teach_multilabel,
        tuple(multilabel.VALUES),
        ("nncli train multilabel", "nncli explain softmax-multilabel"),
        ("multi-label", "multilabel-classification"),
    ),
    "adam": Entry(
        adam.TITLE,
        adam.teach_adam,
        tuple(adam.VALUES),
        ("nncli compare --vary optimizer.name=sgd,rmsprop,adam", "nncli train mnist_sigmoid_adam"),
        ("optimizer", "momentum", "adam-optimizer"),
    ),
    "layers": Entry(
        layers.TITLE,
        layers.teach_layers,
        tuple(layers.VALUES),
        ("nncli check digits_30_15_2", "nncli train digits_30_15_2"),
        ("layer", "network", "matrix", "matrices", "shapes", "parameters"),
    ),
    "convolution": Entry(
        convolution.TITLE,
        convolution.teach_convolution,
        tuple(convolution.VALUES),
        ("nncli train mnist_cnn", "nncli explain conv2d"),
        ("convolutions", "convolutional", "conv", "cnn", "kernel", "filter", "filters"),
        takes=("image",),
    ),
    "attention": Entry(
        attention.TITLE,
        attention.teach_attention,
        tuple(attention.VALUES),
        ("nncli train mnist_vit", "nncli explain multi_head_attention"),
        ("transformer", "transformers", "self-attention", "attention-head", "vit"),
        takes=("image",),
    ),
    "backprop": Entry(
        backpropagation.TITLE,
        backpropagation.teach_backpropagation,
        ("w", "x", "b", "y"),
        ("nncli explain backprop --exercise",),
        ("backpropagation", "back-propagation", "back-prop", "chain-rule", "computation-graph"),
    ),
    "batches": Entry(
        batches.TITLE,
        batches.teach_batches,
        tuple(batches.VALUES),
        ("nncli compare logistic_regression gradient_descent", "nncli explain batch-size"),
        ("batch", "mini-batch", "mini-batches", "minibatch", "epoch", "epochs", "update", "updates"),
    ),
    "initialisation": Entry(
        initialisation.TITLE,
        initialisation.teach_initialisation,
        tuple(initialisation.VALUES),
        ("nncli explain dense", "nncli compare deep_sigmoid deep_relu"),
        ("initialization", "initializer", "initializers", "kernel-initializer", "glorot", "he", "xavier"),
    ),
    "overfitting": Entry(
        overfitting.TITLE,
        overfitting.teach_overfitting,
        tuple(overfitting.VALUES),
        ("nncli train digits_softmax", "nncli explain dropout"),
        ("overfit", "regularization", "regularisation", "early-stopping", "validation", "generalization"),
    ),
    "normalisation": Entry(
        normalisation.TITLE,
        normalisation.teach_normalisation,
        tuple(normalisation.VALUES),
        ("nncli train logistic_regression", "nncli explain batch_normalization"),
        ("normalization", "standardization", "standardisation", "scaling", "feature-scaling"),
    ),
}


def find_lesson(name: str) -> str | None:
    """The lesson that a name or another spelling of it stands for; None if there is none."""
    folded = fold(name)
    if folded in LESSONS:
        return folded
    return next((lesson for lesson, entry in LESSONS.items() if folded in entry.spellings), None)


def fold(name: str) -> str:
    """`Gradient_Descent` and `gradient descent` are the lesson gradient-descent."""
    return name.strip("[] ").lower().replace("_", "-").replace(" ", "-")
