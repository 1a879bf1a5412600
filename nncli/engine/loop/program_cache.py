"""Where compiled loops wait for the next training of the same network."""

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from nncli.engine.arrays import Arrays, Plan

if TYPE_CHECKING:
    from nncli.engine.loop.program import Program


class ProgramCache:
    """Keeps the program of the last training run for the next run of the same network."""

    def __init__(self) -> None:
        self._mark: Hashable = None
        self._program: Program | None = None
        self._beside: tuple[Any, Any] | None = None

    def keep_beside(self, model: Any, make: Callable[[], Any]) -> Any:
        """What `make` made for the last model it was asked for, which is that of the program."""
        if self._beside is None or self._beside[0] is not model:
            self._beside = (model, make())
        return self._beside[1]

    def program_for(
        self, network: Hashable, model: Any, train: Arrays, validation: Arrays | None, plan: Plan
    ) -> "Program":
        """The cached program, restarted from the state of `model`; a new one if network, shapes or plan differ.

        `network` has to be a different key for models whose layers, loss, optimizer or metrics differ in more than the
        values of their variables.
        """
        shapes = [_shapes(arrays) if arrays is not None else None for arrays in (train, validation)]
        mark = (network, plan.executor, plan.batch_size, plan.parts, *shapes)
        if self._program is not None and mark == self._mark:
            self._program.take_over(model, train, validation)
            return self._program
        self._mark = self._program = None  # frees the old arrays before the new ones are loaded
        from nncli.engine.loop.program import Program

        self._program = Program(model, train, validation, plan)
        self._mark = mark
        return self._program


def _shapes(arrays: Arrays) -> Hashable:
    inputs: Mapping[str, Any] = {**arrays.inputs, "": arrays.targets, " ": arrays.weights}
    return tuple((name, None if array is None else (array.shape, str(array.dtype))) for name, array in inputs.items())
