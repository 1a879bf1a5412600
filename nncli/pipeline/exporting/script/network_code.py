"""The network of a run as the body of a function that builds it with Keras's functional interface."""

from nncli.config import layers as sections
from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.config.section import Shape, product
from nncli.config.sections import Config
from nncli.errors import ExportError
from nncli.pipeline.exporting.script.calls import Code, spread_call, write_call, write_value
from nncli.pipeline.exporting.script.layer_code import kernel_options, layer_options, write_layer
from nncli.pipeline.exporting.script.member_code import dense_lines, output_lines, split_lines
from nncli.pipeline.exporting.script.table_code import table_lines

TRANSFORMER = '''
def transformer_block(x, num_heads, mlp_units, activation, dropout, epsilon):
    """Adds attention over all steps to x, then what two dense layers make of each step."""
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=epsilon)(x)
    y = layers.MultiHeadAttention(num_heads, width // num_heads, dropout=dropout)(y, y)
    x = x + layers.Dropout(dropout)(y)
    y = layers.LayerNormalization(epsilon=epsilon)(x)
    y = layers.Dense(mlp_units, activation=activation)(y)
    y = layers.Dense(width)(y)
    return x + layers.Dropout(dropout)(y)
'''.strip().splitlines()


def network_lines(config: Config, facts: DataFacts) -> list[str]:
    """The body of `make_model`, not indented. Raises ExportError for what a short script cannot say."""
    inputs, members = facts.inputs, config.model.members
    lines = _image_lines(inputs) if isinstance(inputs, ImageInput) else table_lines(inputs)
    shape = inputs.shape
    if members > 1:
        lines += split_lines(members, shape[-1], config.seed)
    *hidden, output = config.model.layers
    for section in hidden:
        if members > 1 and isinstance(section, sections.Dense):
            lines += dense_lines(section, members, section.activation or config.model.hidden_activation)
        else:
            lines += _layer_lines(section, shape, config, depth=0)
        shape = section.output_shape(shape)
    if members > 1 and isinstance(output, sections.Dense):
        activation = output.activation or config.model.hidden_activation
        return [*lines, *output_lines(output, members, activation, starts_at_mean(facts))]
    more = {"bias_initializer": Code("keras.initializers.Constant(bias)")} if starts_at_mean(facts) else {}
    lines.append(f"outputs = {write_layer(output, config.model.hidden_activation, **more)}(x)")
    return [*lines, "return keras.Model(inputs, outputs)"]


def starts_at_mean(facts: DataFacts) -> bool:
    """Whether the bias of the output starts at the mean of the targets, so that its relu has a gradient."""
    return facts.target.task is Task.POSITIVE_REGRESSION


def uses_transformer(config: Config) -> bool:
    """Whether a layer of the network is a transformer block."""
    return any("transformer_block" in section.kinds() for section in config.model.layers)


def _image_lines(image: ImageInput) -> list[str]:
    made = write_call("keras.Input", image.shape, dtype=image.dtype)
    lines = [f"inputs = {made}"]
    whole = round(1 / image.scale)
    scale = f"1 / {whole}" if abs(whole * image.scale - 1) < 1e-9 else repr(image.scale)
    return [*lines, f"x = {write_call('layers.Rescaling', Code(scale))}(inputs)"]


def _layer_lines(section: sections.LayerSection, shape: Shape, config: Config, depth: int) -> list[str]:
    """From x to x."""
    activation = config.model.hidden_activation
    if isinstance(section, sections.Residual):
        return _residual_lines(section, shape, config, depth)
    if isinstance(section, sections.Patches):
        return _patch_lines(section, shape)
    if isinstance(section, sections.TransformerBlock):
        _refuse_kernel_options(section)
        names = ("num_heads", "mlp_units", "activation", "dropout", "epsilon")
        options = {name: getattr(section, name) for name in names}
        return [f"x = {write_call('transformer_block', Code('x'), **options)}"]
    if isinstance(section, sections.MultiHeadAttention):
        options = layer_options(section, activation)
        return [f"x = {write_call('layers.MultiHeadAttention', **options)}(x, x)"]
    if isinstance(section, sections.Embedding):
        _refuse_kernel_options(section)
        levels = f"ops.round(ops.clip(x, 0, 1) * {section.input_dim - 1})"
        made = write_call("layers.Embedding", section.input_dim, section.output_dim)
        return [f'x = {made}(ops.cast({levels}, "int32"))']
    if isinstance(section, sections.RandomFlip) and section.mode == "both":
        return [f"x = layers.RandomFlip({write_value(mode)})(x)" for mode in ("horizontal", "vertical")]
    return [f"x = {write_layer(section, activation)}(x)"]


def _refuse_kernel_options(section: sections.LayerSection) -> None:
    if kernel_options(section):
        raise ExportError(
            f"a script has no way yet to write {', '.join(kernel_options(section))} of {section.kind}",
            hint="export the trained model: --format keras",
        )


def _residual_lines(section: sections.Residual, shape: Shape, config: Config, depth: int) -> list[str]:
    shortcut = f"shortcut_{depth}" if depth else "shortcut"
    lines = [f"{shortcut} = x"]
    output = shape
    for layer in section.layers:
        lines += _layer_lines(layer, output, config, depth + 1)
        output = layer.output_shape(output)
    strides = section.projection_strides(shape) if section.projection else None
    if strides is not None and product(strides) == 1:
        lines.append(f"{shortcut} = layers.Dense({output[-1]}, use_bias=False)({shortcut})")
    elif strides is not None:
        made = write_call(f"layers.Conv{len(strides)}D", output[-1], 1, strides=strides, use_bias=False)
        lines.append(f"{shortcut} = {made}({shortcut})")
    return [*lines, f"x = layers.Add()([{shortcut}, x])"]


def _patch_lines(section: sections.Patches, shape: Shape) -> list[str]:
    """The patches row by row; the bias of each is its learned position."""
    (height, width), channels = section.patch_size, shape[-1]
    rows, columns = shape[0] // height, shape[1] // width
    steps, inner = rows * columns, height * width * channels
    arguments = [
        '"bpx,xu->bpu"',
        write_value((steps, section.units)),
        'bias_axes="pu"',
        "bias_initializer=keras.initializers.RandomNormal(stddev=0.02)",
        *(f"{name}={write_value(value)}" for name, value in kernel_options(section).items()),
    ]
    return [
        f"x = layers.Reshape({(rows, height, columns, width, channels)})(x)",
        "x = layers.Permute((1, 3, 2, 4, 5))(x)",
        f"x = layers.Reshape({(steps, inner)})(x)",
        *spread_call("x = layers.EinsumDense(", arguments, ")(x)"),
    ]
