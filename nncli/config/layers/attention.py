"""Attention and what a vision transformer is made of: patches with positions, pre-norm blocks."""

from typing import ClassVar, Literal

from pydantic import Field

from nncli.config.layer_section import ActivationName, KernelLayer, ShapeError
from nncli.config.layers.windows import Pair, demand_image, demand_sequence
from nncli.config.section import Positive, Shape

_AS_SEQUENCE = "- reshape: {target_shape: [8, 8]}\n"


def _attention_parameters(width: int, heads: int, key_dim: int, use_bias: bool) -> int:
    """Weights of queries, keys and values of each head, and of the output projection."""
    inner = heads * key_dim
    return 4 * width * inner + (3 * inner + width) * use_bias


class _Dropping(KernelLayer):
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="fraction of the attention weights set to zero in training")

    def kinds(self) -> tuple[str, ...]:
        """Its own kind, and dropout where there is some."""
        return (self.kind, "dropout") if self.dropout else (self.kind,)


class MultiHeadAttention(_Dropping):
    """Every step attends to every step: softmax(QKᵀ/√d)V in several heads at once (Vaswani et al., 2017)."""

    EXAMPLE: ClassVar[str] = (
        f"{_AS_SEQUENCE}- multi_head_attention: {{num_heads: 2, key_dim: 4}}\n- global_average_pooling1d"
    )

    kind: Literal["multi_head_attention"] = "multi_head_attention"
    num_heads: Positive = Field(description="attention heads")
    key_dim: Positive = Field(description="size of the queries and keys of each head")
    use_bias: bool = Field(True, description="whether to add biases")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (steps, features)."""
        demand_sequence(input_shape)
        return input_shape

    def parameter_count(self, input_shape: Shape) -> int:
        """Of queries, keys, values and output."""
        return _attention_parameters(input_shape[-1], self.num_heads, self.key_dim, self.use_bias)


class TransformerBlock(_Dropping):
    """A pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)).

    As in the vision transformer (Dosovitskiy et al., 2020, arXiv:2010.11929); with the normalisation before each part,
    it trains without a warm-up of the learning rate (Xiong et al., 2020, arXiv:2002.04745).
    """

    EXAMPLE: ClassVar[str] = (
        "- patches: {patch_size: 2, units: 16}\n- transformer_block: {num_heads: 2, mlp_units: 32}\n"
        "- layer_normalization\n- global_average_pooling1d"
    )

    kind: Literal["transformer_block"] = "transformer_block"
    num_heads: Positive = Field(description="attention heads; the features must be a multiple of it")
    mlp_units: Positive = Field(description="units of the hidden layer after the attention")
    activation: ActivationName = Field("gelu", description="of that hidden layer, whatever hidden_activation is")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="before each sum and inside the attention, in training")
    epsilon: float = Field(1e-6, gt=0.0, description="added to the variance in the normalisations")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's: (steps, features)."""
        demand_sequence(input_shape)
        if input_shape[-1] % self.num_heads:
            raise ShapeError(
                f"divides the features among {self.num_heads} heads and got {input_shape[-1]} of them; "
                "use a number of heads that divides them"
            )
        return input_shape

    def parameter_count(self, input_shape: Shape) -> int:
        """Two normalisations, the attention, and the two dense layers."""
        width = input_shape[-1]
        attention = _attention_parameters(width, self.num_heads, width // self.num_heads, True)
        return 4 * width + attention + 2 * width * self.mlp_units + self.mlp_units + width


class Patches(KernelLayer):
    """Cuts an image into patches, left to right and top to bottom: each becomes one step of a sequence.

    The patch's values times a kernel, plus a learned vector for each place, its position and bias in one
    (Dosovitskiy et al., 2020, arXiv:2010.11929).
    """

    EXAMPLE: ClassVar[str] = "- patches: {patch_size: 4, units: 16}\n- global_average_pooling1d"

    kind: Literal["patches"] = "patches"
    patch_size: Pair = Field(description="height and width of a patch; the image must be a multiple of it")
    units: Positive = Field(description="length of the vector that represents a patch")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(patches, units)."""
        demand_image(input_shape)
        height, width = self.patch_size
        if input_shape[0] % height or input_shape[1] % width:
            raise ShapeError(
                f"cuts an image into {height} × {width} and got {input_shape[0]} × {input_shape[1]}; "
                "use a patch_size that divides it"
            )
        return ((input_shape[0] // height) * (input_shape[1] // width), self.units)

    def parameter_count(self, input_shape: Shape) -> int:
        """The kernel shared by all patches, and a vector for each position."""
        steps, units = self.output_shape(input_shape)
        height, width = self.patch_size
        return (height * width * input_shape[-1] + steps) * units
