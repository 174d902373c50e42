#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/recompute.py, which has nothing of Ballast in it, makes the rows of `ballast certify` again, and finds those that were altered.

    python3 tests/tools/recompute_test.py BALLAST_PROGRAM
"""

import hashlib
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    import numpy
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-onnx")
    sys.exit(0)

BALLAST = ""
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SCRIPT, DOCUMENT = REPOSITORY / "tools" / "recompute.py", REPOSITORY / "docs" / "noise-stream.md"
IMAGES, CHANNELS, SIDE, HIDDEN, CLASSES = 6, 3, 5, 12, 4
SAMPLES = 1500  # of each image; one and a half of the script's batches


def perceptron(random):
    """Two layers, the first one's weights transposed, as PyTorch exports them; scores of images near the middle are close."""
    value = helper.make_tensor_value_info
    inputs = CHANNELS * SIDE * SIDE
    first, second = random.normal(size=(HIDDEN, inputs)) / inputs**0.5, random.normal(size=(HIDDEN, CLASSES))
    tensors = {"w1": first, "b1": random.normal(size=HIDDEN) / 9, "w2": second, "b2": random.normal(size=CLASSES) / 9}
    nodes = [helper.make_node("Flatten", ["image"], ["flat"]),
             helper.make_node("Gemm", ["flat", "w1", "b1"], ["sums"], alpha=1.0, beta=1.0, transB=1),
             helper.make_node("Relu", ["sums"], ["hidden"]),
             helper.make_node("Gemm", ["hidden", "w2", "b2"], ["scores"])]
    graph = helper.make_graph(nodes, "perceptron", [value("image", TensorProto.FLOAT, ["batch", CHANNELS, SIDE, SIDE])],
                              [value("scores", TensorProto.FLOAT, ["batch", CLASSES])],
                              [numpy_helper.from_array(tensor.astype(numpy.float32), name) for name, tensor in tensors.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7).SerializeToString()


class Recompute(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.holder.name)
        cls.model, cls.data, cls.log = (folder / name for name in ("model.onnx", "data.npz", "log.tsv"))
        random = numpy.random.default_rng(5)
        cls.model.write_bytes(perceptron(random))
        # From images of noise, which are hardly certified, to flat ones.
        levels = random.integers(0, 256, (IMAGES, CHANNELS, SIDE, SIDE)).astype(numpy.uint8)
        levels[3:] = levels[3:] // 8 + numpy.array([0, 110, 220], dtype=numpy.uint8).reshape(3, 1, 1, 1)
        numpy.savez(cls.data, images=levels, labels=numpy.arange(IMAGES) % CLASSES)
        cls.certify(cls.log, "--sigma", "0.12", "--mean", "0.4,0.5,0.6", "--std", "0.2,0.25,0.3")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def certify(cls, log, *options):
        subprocess.run([BALLAST, "certify", cls.model, cls.data, log, "--precision", "fp32", "--n", str(SAMPLES), "--alpha", "0.01",
                        "--quiet", *options], check=True)

    def again(self, log, *rows):
        return subprocess.run([sys.executable, SCRIPT, log, self.model, self.data, *rows], capture_output=True, text=True, check=False)

    def rows(self):
        lines = [line.split("\t") for line in self.log.read_text().splitlines()]
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    def altered(self, change, manifest=lambda entries: None):
        """How the script ends on the log after change(rows), and what it prints."""
        rows = self.rows()
        change(rows)
        log = self.log.with_name("altered.tsv")
        log.write_text("".join("\t".join(cells) + "\n" for cells in [list(rows[0])] + [list(row.values()) for row in rows]))
        entries = json.loads(pathlib.Path(f"{self.log}.json").read_text())
        manifest(entries)
        pathlib.Path(f"{log}.json").write_text(json.dumps(entries))
        done = self.again(log)
        return done.returncode, done.stdout

    def test_makes_the_rows_again(self):
        rows = self.rows()
        self.assertEqual(len(rows), IMAGES)
        self.assertTrue(any(float(row["radius"]) > 0.1 for row in rows) and any(row["predict"] == "-1" for row in rows))
        self.assertTrue(all(int(row["count"]) < SAMPLES for row in rows[:3]))  # there is something to count
        done = self.again(self.log)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("follows from model, data and noise", done.stdout)
        self.assertEqual(done.stdout.count("equal; "), IMAGES)
        self.assertLess(sum(map(int, re.findall(r"(\d+) near ties", done.stdout))), IMAGES * SAMPLES / 1000)

    def test_makes_only_the_rows_that_are_wanted(self):
        done = self.again(self.log, "1", "4")
        self.assertEqual(re.findall(r"image (\d+): equal", done.stdout), ["1", "4"])

    def test_takes_a_seed_that_was_chosen(self):
        log = self.log.with_name("seed.tsv")
        self.certify(log, "--sigma", "0.5", "--seed", "18446744073709551615", "--max", "2")
        done = self.again(log)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("chosen by somebody", done.stdout)

    def test_finds_a_vote_that_moved(self):
        def move(rows):
            row = rows[0]
            count, other = int(row["count"]), int(row["runner_up_count"])
            class_tested = max((entry.split(":") for entry in row["selection"].split(",")), key=lambda entry: int(entry[1]))[0]
            row["counts"] = (f",{row['counts']},".replace(f",{class_tested}:{count},", f",{class_tested}:{count + 20},")
                             .replace(f",{row['runner_up']}:{other},", f",{row['runner_up']}:{other - 20},")).strip(",")
            row["count"], row["runner_up_count"] = str(count + 20), str(other - 20)

        status, text = self.altered(move)
        self.assertEqual(status, 1)
        self.assertRegex(text, r"image 0: DIFFERENT: counts \(made again")
        self.assertEqual(text.count("equal; "), IMAGES - 1)

    def test_finds_a_radius_one_digit_too_large_or_too_small(self):
        certified = next(i for i, row in enumerate(self.rows()) if float(row["radius"]) > 0.1)
        for step in (1e-6, -1e-6):
            def shift(rows):
                rows[certified]["radius"] = f"{float(rows[certified]['radius']) + step:.6f}"

            status, text = self.altered(shift)
            self.assertEqual(status, 1)
            self.assertIn(f"image {certified}: DIFFERENT: radius", text)
            self.assertEqual(text.count("equal; "), IMAGES - 1)

    def test_finds_a_bound_one_digit_too_large(self):
        def shift(rows):
            rows[0]["p_lower"] = f"{float(rows[0]['p_lower']) + 1e-12:.12f}"

        self.assertRegex(self.altered(shift)[1], r"image 0: DIFFERENT: p_lower")

    def test_finds_an_answer_that_the_votes_do_not_give(self):
        abstained = next(i for i, row in enumerate(self.rows()) if row["predict"] == "-1")

        def answer(rows):
            rows[abstained]["predict"] = rows[abstained]["label"]

        self.assertRegex(self.altered(answer)[1], rf"image {abstained}: DIFFERENT: predict")

    def test_finds_another_seed_alpha_or_sigma(self):
        for name, value in (("seed", 1), ("alpha", 0.02), ("sigma", 0.13)):
            status, text = self.altered(lambda rows: None, lambda entries: entries.update({name: value}))
            self.assertEqual((status, "DIFFERENT" in text), (1, True), name)

    def test_refuses_what_it_does_not_know(self):
        for name, value in (("noise", "gaussian"), ("method", "predict"), ("model_sha256", "0" * 64)):
            status, text = self.altered(lambda rows: None, lambda entries: entries.update({name: value}))
            self.assertEqual((status, text), (1, ""), name)

    def test_has_the_numbers_of_the_document(self):
        spec = importlib.util.spec_from_file_location("recompute", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        table = script.thresholds(0.25)
        row = "| {} | " + " | ".join(["{}"] * 8) + " |"
        seen = {f"T_0 = `{table[0][-table[1]]:016x}`", hashlib.sha256(table[0].astype("<u8").tobytes()).hexdigest()[:16]}
        for section in (0, 1):
            seen.add(row.format(f"word of section {section}", *(f"`{word:08x}`" for word in script.words(1, 2, 0, [0], section, 8)[0])))
        seen.add(row.format("j", *(str(level).replace("-", "\u2212") for level in script.noise(table, 1, 2, 0, [0], pixels=8)[0])))
        seen.update(f"`{word:08x}`" for word in script.words(1, 2, 3, [7], 0, 4)[0])
        self.assertEqual(script.noise(table, 1, 2, 0, [133], pixels=291)[0][290], -360)
        document = DOCUMENT.read_text(encoding="utf-8")
        for text in seen:
            self.assertIn(text, document)
        lines = re.search(r"\n```\n(model_sha256.*?\n)```\n\ngive the seed (\d+)", document, re.DOTALL)
        self.assertEqual(int.from_bytes(hashlib.sha256(lines[1].encode() + b"\0").digest()[:8], "little"), int(lines[2]))

    def test_has_nothing_of_ballast(self):
        imported = set(re.findall(r"^(?:import|from) (\w+)", SCRIPT.read_text(), re.MULTILINE))
        self.assertEqual(imported, {"csv", "hashlib", "json", "sys", "decimal", "numpy"})


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BALLAST = sys.argv.pop(1)
    unittest.main()
