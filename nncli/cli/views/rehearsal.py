"""How `train --dry-run` and `train --overfit-batch` are answered."""

from typing import Any

from nncli.console import Console, make_table

_METRICS = {"accuracy": "accuracy", "r2_score": "R²"}


def show_overfitted(console: Console, found: Any) -> None:
    """Whether the network can learn, in words, with what was switched off for it and what to try next."""
    name, attempt = found.attempts[-1]
    rows, metric = f"{found.rows} rows", _METRICS[found.metric]
    verdict = f"loss {attempt.first_loss:.3g} to {attempt.loss:.3g} in {attempt.steps:,} steps, {attempt.seconds:.1f} s"
    if found.learned:
        lines = [f"yes: the network learned {rows} by heart, {verdict} ({metric} {attempt.score:.4g})"]
    else:
        lines = [
            f"no: the network did not learn {rows} by heart, {verdict}: "
            f"{metric} {attempt.score:.4g}, expected {found.enough:.4g}"
        ]
    lines.append(
        f"optimizer: {name}" + (f"; before that, {found.attempts[0][0]} failed" if len(found.attempts) > 1 else "")
    )
    if found.switched_off:
        lines.append(f"switched off: {', '.join(found.switched_off)}")
    lines += found.notes
    if found.advice:
        lines.append(f"next: {found.advice}")
    console.answer(found.to_value(), *(console.wrap(line) for line in lines))


def show_dry_run(console: Console, found: Any) -> None:
    """Time, memory and space that the training would need."""
    rows = [
        ["a step", _seconds(found.step_seconds)],
        ["an epoch, with validation", _seconds(found.epoch_seconds)],
        [f"all {found.epochs_asked} epochs, with start and export", _seconds(found.total_seconds)],
        ["memory, at most", "unknown" if found.peak_bytes is None else _size(found.peak_bytes)],
        ["run folder, at most", f"{_size(found.folder_bytes)} of {_size(found.free_bytes)} free"],
        *([name, _size(told) if isinstance(told, int) else "none"] for name, told in found.exports.items()),
    ]
    lines: list[Any] = [make_table(None, ["the training would need", "estimate"], rows)]
    lines.append(f"times are estimated from {found.steps:,} steps, on {found.executor}")
    if found.can_stop_early:
        lines.append("early stopping may end it sooner")
    if found.verified is not None:
        told = f"{found.verified['rows']} test rows, through {found.verified['through']}"
        lines.append(f"the exported model predicts as Keras does ({told})")
    lines.append("everything works, from the data to the export; no run was left")
    console.answer(found.to_value(), *(line if not isinstance(line, str) else console.wrap(line) for line in lines))
    for name, told in found.exports.items():
        if isinstance(told, str):
            console.warn(f"{name}: {told}")


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _size(size: int) -> str:
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
