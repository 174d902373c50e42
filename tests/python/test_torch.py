# SPDX-License-Identifier: Apache-2.0
"""The interface of the reference implementation, on PyTorch."""

import datetime
import io
import pathlib
import tempfile
import time
import unittest
import unittest.mock

import numpy as np

import ballast
import inputs
from ballast import Smooth

try:
    import torch
    import ballast.torch
    from ballast.torch import grid_noise
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}; on Debian: apt-get install python3-torch") from missing

CLASSES = 3


class Network(torch.nn.Module):
    """A random linear classifier of 1x4x4 images, whose answers are wrong in training mode."""

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(CLASSES, 16, generator=torch.Generator().manual_seed(0)))
        self.seen = set()

    def forward(self, batch):
        self.seen.add((batch.dtype, batch.device.type, torch.is_grad_enabled()))
        scores = batch.flatten(1) @ self.weights.to(batch.dtype).T
        return scores.sign() * float("nan") if self.training else scores


def certify_data_set(smooth, dataset, n0, n, alpha, batch, skip, out):
    """The loop by which results in this field are made, with nothing but the import changed."""
    print("idx\tlabel\tpredict\tradius\tcorrect\ttime", file=out, flush=True)
    for i in range(0, len(dataset), skip):
        (x, label) = dataset[i]
        before_time = time.time()
        prediction, radius = smooth.certify(x, n0, n, alpha, batch)
        after_time = time.time()
        correct = int(prediction == label)
        time_elapsed = str(datetime.timedelta(seconds=(after_time - before_time)))
        print("{}\t{}\t{}\t{:.3}\t{}\t{}".format(i, label, prediction, radius, correct, time_elapsed), file=out, flush=True)


class Reference(unittest.TestCase):
    def dataset(self, count=12):
        images = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(1))
        labels = Network().eval()(images).argmax(1).tolist()
        return list(zip(images, labels))

    def test_the_certify_loop_runs_and_its_log_is_read(self):
        dataset, out = self.dataset(), io.StringIO()
        certify_data_set(Smooth(Network(), CLASSES, 0.25, seed=4), dataset, 50, 1000, 0.001, 400, 2, out)
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log"
            log.write_text(out.getvalue())
            rows = ballast.read_log(log)
        self.assertEqual(rows["idx"].tolist(), list(range(0, 12, 2)))
        self.assertEqual(rows["label"].tolist(), [label for _, label in dataset[::2]])
        self.assertTrue(np.array_equal(rows["correct"], rows["label"] == rows["predict"]))
        self.assertGreater(rows["correct"].mean(), 0.5)
        self.assertTrue(np.all((rows["radius"] > 0) == (rows["predict"] >= 0)))

    def test_radii_are_at_most_the_distance_to_the_boundary(self):
        network = Network()
        smooth = Smooth(network, CLASSES, 0.25)
        weights = network.weights.detach().double().numpy()
        for x, label in self.dataset():
            answer, radius = smooth.certify(x, 50, 2000, inputs.FALSE_ALARM, 500)
            if answer == Smooth.ABSTAIN:
                continue
            # Of the smoothed classifier: no further than where another class has the same scores, along the straight way there.
            margins = [
                (weights[label] - weights[other]) @ x.double().numpy().ravel() / np.linalg.norm(weights[label] - weights[other])
                for other in range(CLASSES)
                if other != label
            ]
            self.assertEqual(answer, label)
            self.assertLessEqual(radius, min(margins))

    def test_a_network_gets_what_the_image_was(self):
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8):
            network = Network().train()
            if dtype in (torch.float16, torch.bfloat16):
                network.forward = lambda batch, n=network: n.seen.add((batch.dtype, "cpu", torch.is_grad_enabled())) or torch.zeros(len(batch), CLASSES)
            label, _ = Smooth(network, CLASSES, 0.25).certify(torch.ones(1, 4, 4).to(dtype), 20, 200, 0.001, 100)
            self.assertEqual(network.seen, {(torch.float32 if dtype == torch.uint8 else dtype, "cpu", False)})
            self.assertIn(label, range(-1, CLASSES))
        self.assertTrue(torch.is_grad_enabled())

    def test_tensors_and_arrays_are_the_same_images(self):
        for x in (torch.rand(1, 4, 4), torch.rand(1, 4, 4, requires_grad=True), torch.rand(4, 4, 1).permute(2, 0, 1), torch.ones(1, 4, 4).byte()):
            network = Network().eval()
            by_array = lambda batch: network(torch.from_numpy(batch)).detach().numpy()
            answers = {
                Smooth(function, CLASSES, 0.25, seed=3).certify(given, 50, 500, 0.001, 100)
                for function, given in ((network, x), (by_array, x.detach().numpy()))
            }
            self.assertEqual(len(answers), 1)

    def test_a_module_is_as_it_was_afterwards(self):
        network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Sequential(torch.nn.Dropout(0.5)), torch.nn.Linear(16, CLASSES)).train()
        network[1].eval()
        Smooth(network, CLASSES, 0.25).certify(torch.ones(1, 4, 4), 20, 200, 0.001, 100)
        self.assertEqual([module.training for module in network.modules()], [True, True, False, False, True])

    def test_labels_and_scores_may_be_tensors(self):
        network = Network().eval()
        x = torch.rand(1, 4, 4)
        answers = {
            Smooth(function, CLASSES, 0.25, seed=3).certify(x, 50, 500, 0.001, 100)
            for function in (network, lambda batch: network(batch).argmax(1), lambda batch: network(batch).double().numpy())
        }
        self.assertEqual(len(answers), 1)

    def test_an_onnx_file_takes_tensors(self):
        x = torch.from_numpy(inputs.images(1)[0])
        of = lambda image: Smooth(inputs.NETWORK, 10, 0.25, seed=1).certify(image, 50, 200, 0.001, 100)
        self.assertEqual(of(x), of(x.numpy()))
        self.assertEqual(of(x.float() / 255), of(x.numpy().astype(np.float32) / 255))

    @unittest.skipUnless(torch.cuda.is_available(), "there is no GPU here")
    def test_a_tensor_on_a_gpu_stays_there(self):
        network = Network().cuda()
        Smooth(network, CLASSES, 0.25).certify(torch.rand(1, 4, 4).cuda(), 50, 500, 0.001, 100)
        self.assertEqual(network.seen, {(torch.float32, "cuda", False)})


class GridNoise(unittest.TestCase):
    """By PyTorch's operations, against what the extension gives a function."""

    def given(self, image, sigma, n0, n, first=0, seed=2**63 + 5):
        """What a function gets: the noise of the first purpose and of the second."""
        seen = []
        answer = lambda batch: seen.append((batch.double() * 255).round().int()) or torch.zeros(len(batch), 2)
        ballast.certify(answer, image[None], sigma=sigma, n0=n0, n=n, seed=seed, first=first, num_classes=2, batch_size=64, check=False)
        drawn = torch.cat(seen) - image.int()
        return drawn[:n0], drawn[n0:]

    def test_is_that_of_the_extension(self):
        for shape in ((3, 5, 7), (1, 1, 1), (3, 32, 32)):
            image = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
            for sigma in (0.002, 0.12, 0.25, 1.0):
                selection, estimation = self.given(image, sigma, 20, 130, first=7)
                for purpose, drawn in (("selection", selection), ("estimation", estimation)):
                    noise = grid_noise(image[None], sigma, 2**63 + 5, [7], 0, len(drawn), purpose)
                    self.assertTrue(torch.equal(noise[0], drawn))

    def test_samples_and_images_are_numbered(self):
        images = torch.zeros(3, 1, 3, 3, dtype=torch.uint8)
        whole = grid_noise(images, 0.5, 3, [4, 9, 2], 0, 20, "estimation")
        self.assertTrue(torch.equal(whole[1:2, 15:], grid_noise(images[:1], 0.5, 3, [9], 15, 5, "estimation")))

    def test_lower_words_decide_where_upper_ones_are_a_thresholds(self):
        image = torch.zeros(3, 64, 64, dtype=torch.uint8)
        with unittest.mock.patch.object(ballast.torch, "_lower_words", wraps=ballast.torch._lower_words) as lower:
            noise = grid_noise(image[None], 5.0, 2**63 + 5, [0], 0, 200, "estimation")
        self.assertGreater(len(lower.call_args.args[1]), 0)
        self.assertTrue(torch.equal(noise[0], self.given(image, 5.0, 10, 200)[1]))

    def test_what_is_not_allowed_is_named(self):
        image = torch.zeros(1, 1, 2, 2)
        for word, arguments in (
            ("images", (image[0], 1.0, 0, [0], 0, 1, "estimation")),
            ("image_numbers", (image, 1.0, 0, [0, 1], 0, 1, "estimation")),
            ("seed", (image, 1.0, -1, [0], 0, 1, "estimation")),
            ("samples", (image, 1.0, 0, [0], 2**32, 1, "estimation")),
            ("purpose", (image, 1.0, 0, [0], 0, 1, "guessing")),
            ("sigma", (image, -1.0, 0, [0], 0, 1, "estimation")),
        ):
            with self.assertRaisesRegex(ValueError, word):
                grid_noise(*arguments)


class Batches(unittest.TestCase):
    """What a function of tensors gets, and how its votes are counted."""

    def votes(self, function, x=torch.zeros(3, 1, 2, 2), classes=3, **arguments):
        return ballast.certify(function, x, sigma=0.25, n0=10, n=100, seed=1, num_classes=classes, batch_size=32, check=False, **arguments)["counts"]

    def test_scores_labels_and_arrays_count_alike(self):
        scores = lambda batch: batch.flatten(1)[:, :3]
        with_nan = lambda batch: torch.where(batch.flatten(1)[:, 3:] > 0.5, float("nan"), batch.flatten(1)[:, :3])
        for function in (scores, with_nan):
            expected = self.votes(lambda batch: function(batch).numpy())
            self.assertEqual(np.stack(expected).sum(1).tolist(), [100] * 3)
            np.testing.assert_array_equal(np.stack(self.votes(function)), np.stack(expected))
        labels = self.votes(lambda batch: scores(batch).argmax(1).to(torch.int8))
        np.testing.assert_array_equal(np.stack(labels), np.stack(self.votes(scores)))

    def test_labels_out_of_range_are_refused(self):
        for label in (-1, 3, 4):
            with self.assertRaisesRegex(ValueError, f"labels from {label} to {label}; 0 to 2 are allowed"):
                self.votes(lambda batch: torch.full((len(batch),), label))

    def test_memory_is_laid_out_as_that_of_the_images(self):
        x = torch.rand(2, 3, 4, 5)
        seen = []
        look = lambda batch: seen.append(batch.is_contiguous(memory_format=torch.channels_last)) or torch.stack([batch.sum((1, 2, 3)), batch[:, 0, 0, 0]], 1)
        plain = self.votes(look, x, 2)
        self.assertFalse(any(seen))
        seen.clear()
        last = self.votes(look, x.to(memory_format=torch.channels_last), 2)
        self.assertTrue(all(seen))
        np.testing.assert_array_equal(np.stack(plain), np.stack(last))

    def test_the_type_may_be_asked_for(self):
        x = torch.randint(0, 256, (1, 3, 4, 4), dtype=torch.uint8)
        drawn = {}
        for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
            batches = []
            self.votes(lambda batch: batches.append(batch.clone()) or torch.zeros(len(batch), 3), x, dtype=dtype)
            drawn[dtype] = torch.cat(batches)
            self.assertEqual(drawn[dtype].dtype, dtype)
        for dtype, batch in drawn.items():
            self.assertTrue(torch.equal(batch, drawn[torch.float32].to(dtype)), dtype)
        with self.assertRaisesRegex(ValueError, "dtype"):
            self.votes(lambda batch: batch, x, dtype=torch.int32)
        with self.assertRaisesRegex(ValueError, "dtype"):
            self.votes(lambda batch: batch, x.numpy(), dtype=np.int32)

    def test_batches_may_be_kept(self):
        kept = []
        self.votes(lambda batch: kept.append(batch) or torch.zeros(len(batch), 3))
        copies = []
        self.votes(lambda batch: copies.append(batch.clone()) or torch.zeros(len(batch), 3))
        self.assertTrue(torch.equal(torch.cat(kept), torch.cat(copies)))

    def test_an_exception_comes_through_and_leaves_nothing_behind(self):
        for at in (1, 2, 3, 4):
            calls = []

            def fails(batch):
                calls.append(0)
                if len(calls) == at:
                    raise KeyError("mine")
                return torch.zeros(len(batch), 3)

            with self.assertRaisesRegex(KeyError, "mine"):
                self.votes(fails)
        self.assertEqual(len(self.votes(lambda batch: torch.zeros(len(batch), 3))), 3)


if __name__ == "__main__":
    unittest.main()
