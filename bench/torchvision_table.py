#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/models.md: what each of torchvision's classifiers gives in Ballast, and how fast, on one thread.

    python3 bench/torchvision_table.py BALLAST_PROGRAM RESULTS.jsonl [NAME...]    measures what RESULTS lacks of these (default: of all)
    python3 bench/torchvision_table.py --markdown RESULTS.jsonl                   prints the table
"""

import gc
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "torch"))
import torch
import torchvision_test as test

LARGEST_TIMED = 400e6  # bytes of weights
SECONDS = 2


def samples_a_second(program, file, precision):
    """Of the thread's own time: what else the machine does hardly counts."""
    done = test.run(program, "bench", file, "--threads", 1, "--seconds", SECONDS, "--rounds", 1, "--precision", precision, "--json")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    shown = json.loads(done.stdout)
    return shown["samples_per_second"] / min(shown["cpu_over_wall"], 1)


def compared(program, file, images, expected, folder):
    largest = float(abs(expected).max())
    exact, rounded = (test.scores_of_ballast(program, file, images, folder, precision) for precision in ("fp32", "bf16"))
    row = {"difference": float(abs(exact - expected).max()) / largest, "spread": float(expected.std(0).max()) / largest}
    if rounded is not None:
        row["bf16_difference"] = float(abs(rounded - expected).max()) / largest
        row["kept"], row["clear"] = test.labels_kept(expected, rounded)
    return row


def measured(program, name, opsets):
    """A row for each operator set; the last is timed."""
    model, side = test.built(name)
    model = test.with_moved_weights(model, side)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    images = test.random_images(64 if side < 100 else 16, side)
    with torch.no_grad():
        expected = model(torch.from_numpy(images)).numpy()
    for opset in opsets:
        row = {"name": name, "opset": opset, "side": side, "bytes": size}
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model.onnx"
            try:
                test.export(model, side, opset, file)
            except Exception as error:  # whatever PyTorch has to say
                yield {**row, "not_exported": str(error).split("\n")[0]}
                continue
            gc.collect()
            try:
                row |= compared(program, file, images, expected, pathlib.Path(folder))
                if opset == opsets[-1] and size < LARGEST_TIMED:
                    row["fp32"] = samples_a_second(program, file, "fp32")
                    if "kept" in row:
                        row["bf16"] = samples_a_second(program, file, "bf16")
            except RuntimeError as error:
                row["refused"] = str(error)
        yield row


def rows_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def measure(program, file, names):
    done = {(row["name"], row["opset"]) for row in rows_of(file)}
    for name in names or test.all_names():
        opsets = [opset for opset in test.OPSETS if (name, opset) not in done]
        for row in measured(program, name, opsets) if opsets else []:
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")
            print(row, flush=True)
        gc.collect()


def cells(rows):
    """One line for both operator sets: the worse of the two."""
    first = rows[0]
    start = [f"`{first['name']}`", ", ".join(str(row["opset"]) for row in rows), first["side"]]
    for key in ("not_exported", "refused"):
        if any(key in row for row in rows):
            return [*start, next(row[key] for row in rows if key in row), "", "", "", ""]
    kept = min(rows, key=lambda row: row["kept"] - row["clear"])
    speeds = [f"{rows[-1][key]:,.0f}" if key in rows[-1] else "–" for key in ("fp32", "bf16")]
    return [*start, "yes", f"{max(row['difference'] for row in rows):.0e}", f"{kept['kept']} of {kept['clear']}", *speeds]


def markdown(file):
    by_name = {}
    for row in sorted(rows_of(file), key=lambda row: (row["name"], row["opset"])):
        by_name.setdefault(row["name"], []).append(row)
    print("| network | operator sets | side | loads | difference | bf16 labels | fp32 samples/s | bf16 samples/s |\n|---|---|---|---|---|---|---|---|")
    for rows in by_name.values():
        print("| " + " | ".join(str(cell) for cell in cells(rows)) + " |")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: torchvision_table.py BALLAST_PROGRAM RESULTS.jsonl [NAME...], or --markdown RESULTS.jsonl")
    if sys.argv[1] == "--markdown":
        markdown(pathlib.Path(sys.argv[2]))
    else:
        measure(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
