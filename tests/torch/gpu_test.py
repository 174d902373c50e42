#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TorchScript in the program, and the program on a GPU where there is one.

    python3 tests/torch/gpu_test.py BALLAST_PROGRAM
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    import numpy
    import torch
except ImportError as error:
    print(f"skipped: {error}; on Debian: apt-get install python3-torch")
    sys.exit(0)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import gpu  # noqa: E402  # the networks that are measured

BALLAST = ""
IMAGES = 3
# Of 1000: votes that another order of sums turns.
MOST_OTHER_VOTES = 20


class Program(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.network, image, _ = gpu.made("resnet8")
        self.images = self.folder / "images.npz"
        images = numpy.random.default_rng(3).integers(0, 256, (IMAGES, *image.shape), dtype=numpy.uint8)
        numpy.savez(self.images, images=images, labels=numpy.zeros(IMAGES, numpy.int64))
        self.batch = torch.from_numpy(images).float() / 255
        self.script = self.folder / "network.pt"
        torch.jit.script(self.network).save(str(self.script))

    def tearDown(self):
        self.scratch.cleanup()

    def run_it(self, *words, status=0):
        done = subprocess.run([BALLAST, *map(str, words)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def rows(self, model, name, *options):
        log = self.folder / name
        self.run_it("certify", model, self.images, log, "--sigma", "0.25", "--n", "1000", "--seed", "7", "--quiet", *options)
        head, *rows = [line.split("\t") for line in log.read_text().splitlines()]
        return log, [{key: value for key, value in zip(head, row) if key != "time"} for row in rows]

    def assert_nearly_equal(self, some, others):
        for one, other in zip(some, others):
            votes = [{part.split(":")[0]: int(part.split(":")[1]) for part in row["counts"].split(",")} for row in (one, other)]
            differing = sum(abs(votes[0].get(label, 0) - votes[1].get(label, 0)) for label in {*votes[0], *votes[1]}) // 2
            self.assertLessEqual(differing, MOST_OTHER_VOTES)


class TorchScript(Program):
    def test_has_the_scores_and_the_votes_of_the_same_network_in_onnx(self):
        torch.onnx.export(self.network, self.batch[:1], str(self.folder / "network.onnx"), input_names=["x"], dynamic_axes={"x": {0: "batch"}})
        scores = self.folder / "scores.npy"
        self.run_it("evaluate", self.script, self.images, "--logits", scores, "--quiet")
        with torch.no_grad():
            expected = self.network(self.batch).numpy()
        numpy.testing.assert_allclose(numpy.load(scores), expected, atol=1e-4 * numpy.abs(expected).max())
        _, by_onnx = self.rows(self.folder / "network.onnx", "onnx.tsv", "--engine", "aten")
        log, rows = self.rows(self.script, "script.tsv")
        self.assert_nearly_equal(rows, by_onnx)
        _, again = self.rows(self.script, "again.tsv", "--threads", "1")
        self.assertEqual(rows, again)
        audited = self.run_it("audit", log, "--model", self.script, "--data", self.images, "--rows", "2")
        self.assertIn("2 as they were", audited)

    def test_is_refused_where_the_network_is_looked_into(self):
        said = self.run_it("attack", self.script, self.images, self.folder / "attack.tsv", "--radius", "0.5", status=2)
        self.assertIn("torch.jit.load", said)


@unittest.skipUnless(torch.cuda.is_available(), "skipped: there is no GPU, or this Python's torch has no CUDA")
class Gpu(Program):
    def test_has_nearly_the_votes_of_the_processor_and_the_same_every_time(self):
        torch.onnx.export(self.network, self.batch[:1], str(self.folder / "network.onnx"), input_names=["x"], dynamic_axes={"x": {0: "batch"}})
        for model in (self.folder / "network.onnx", self.script):
            _, here = self.rows(model, f"here{model.suffix}.tsv", "--engine", "aten")
            log, there = self.rows(model, f"there{model.suffix}.tsv", "--device", "cuda", "--precision", "fp32")
            _, again = self.rows(model, f"again{model.suffix}.tsv", "--device", "cuda", "--precision", "fp32", "--threads", "1")
            self.assertEqual(there, again)
            self.assert_nearly_equal(there, here)
            self.assertIn("2 as they were", self.run_it("audit", log, "--model", model, "--data", self.images, "--rows", "2", "--device", "cuda",
                                                        "--precision", "fp32"))
            for precision in ("bf16", "fp16"):
                self.rows(model, f"{precision}{model.suffix}.tsv", "--device", "cuda", "--precision", precision)


class WithoutOne(Program):
    @unittest.skipIf(torch.cuda.is_available(), "skipped: there is a GPU")
    def test_a_device_that_is_not_there_is_named(self):
        for device in ("cuda", "cuda:0,1", "tpu"):
            said = self.run_it("certify", self.script, self.images, self.folder / "log.tsv", "--sigma", "0.25", "--device", device, status=2)
            self.assertIn(device, said)
            self.assertFalse((self.folder / "log.tsv").exists())


if __name__ == "__main__":
    BALLAST = sys.argv.pop(1)
    unittest.main()
