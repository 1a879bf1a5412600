"""An ensemble in one network (`nncli.model.layers.members`) as lines of Keras."""

from nncli.config.layers import Dense
from nncli.pipeline.exporting.script.calls import Code, spread_call, write_call, write_value
from nncli.pipeline.exporting.script.layer_code import kernel_options

MEMBERS = '''
class MembersModel(keras.Model):
    """An ensemble: trains each member on its own loss, and predicts the mean of all."""

    def __init__(self, inputs, members):
        super().__init__(inputs, layers.GlobalAveragePooling1D()(members))
        self.each = keras.Model(inputs, members)

    def call(self, inputs, training=None, mask=None):
        return self.each(inputs, training=True) if training else super().call(inputs, training, mask)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if len(y_pred.shape) == 3:
            y, sample_weight = (
                array if array is None else ops.repeat(ops.expand_dims(array, 1), y_pred.shape[1], axis=1)
                for array in (y, sample_weight)
            )
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        mean = ops.mean(y_pred, axis=1) if len(y_pred.shape) == 3 else y_pred
        return super().compute_metrics(x, y, mean, sample_weight)
'''.strip().splitlines()


def split_lines(members: int, columns: int, seed: int) -> list[str]:
    """Each member multiplies the columns by its own weights, which start as random signs."""
    return [
        f"signs = np.random.default_rng({seed}).choice([-1.0, 1.0], {(members, columns)})",
        *spread_call(
            "x = layers.EinsumDense(",
            ['"bi,mi->bmi"', str((members, columns)), "kernel_initializer=keras.initializers.Constant(signs)"],
            ")(x)",
        ),
    ]


def dense_lines(section: Dense, members: int, activation: str) -> list[str]:
    """One kernel for all members; a scale and a bias for each unit of each member."""
    kernel = write_call("layers.Dense", section.units, use_bias=False, **kernel_options(section))
    own = ['"bmo,mo->bmo"', str((members, section.units)), *(['bias_axes="mo"'] if section.use_bias else [])]
    return [
        f"x = {kernel}(x)",
        *spread_call("x = layers.EinsumDense(", [*own, 'kernel_initializer="ones"'], ")(x)"),
        *([] if activation == "linear" else [f"x = {write_call('layers.Activation', activation)}(x)"]),
    ]


def output_lines(section: Dense, members: int, activation: str, starts_at_mean: bool) -> list[str]:
    """A kernel of its own for each member, and the model that trains each on its own loss."""
    arguments = ['"bmi,omi->bom"', str((section.units, members)), *(['bias_axes="om"'] if section.use_bias else [])]
    arguments.append("kernel_initializer=keras.initializers.RandomUniform(-limit, limit)")
    if starts_at_mean:
        arguments.append("bias_initializer=keras.initializers.Constant(np.reshape(bias, (-1, 1)))")
    options = {name: value for name, value in kernel_options(section).items() if name == "kernel_regularizer"}
    arguments += [f"{name}={write_value(value)}" for name, value in options.items()]
    made = write_call("layers.Activation", activation)
    return [
        f"limit = (6 / (x.shape[-1] + {section.units})) ** 0.5",
        *spread_call("x = layers.EinsumDense(", arguments, ")(x)"),
        "x = layers.Permute((2, 1))(x)",
        f"return MembersModel(inputs, {Code(made)}(x))",
    ]
