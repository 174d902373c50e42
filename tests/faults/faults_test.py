# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around the program: full disks, files that cannot be read, kills, little memory, two at once, files that are
exchanged, peers that stall. Python's standard library alone.

    /usr/bin/python3 tests/faults/faults_test.py BALLAST [--thorough]
"""

import contextlib
import itertools
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = ""
THOROUGH = False
IMAGES, CLASSES, SIDE = 40, 3, 8


# A network as the bytes of an ONNX file: fields of protobuf, written by hand.
def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, values):
    return b"".join(field(1, d) for d in dims) + field(2, 1) + field(8, name) + field(9, struct.pack(f"<{len(values)}f", *values))


def value(name, dims):
    sizes = b"".join(field(1, field(2, "N") if d is None else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sizes)))


def node(kind, inputs, output):
    return b"".join(field(1, i) for i in inputs) + field(2, output) + field(4, kind)


def network(bias=0.0):
    """Class c is where the c-th band of rows is the brightest."""
    weights = [float(pixel // SIDE // 3 == c and pixel // SIDE % 3 < 2) for pixel in range(SIDE * SIDE) for c in range(CLASSES)]
    graph = (field(1, node("Flatten", ["x"], "flat")) + field(1, node("MatMul", ["flat", "w"], "product")) +
             field(1, node("Add", ["product", "b"], "scores")) + field(2, "bands") +
             field(5, tensor("w", [SIDE * SIDE, CLASSES], weights)) + field(5, tensor("b", [CLASSES], [bias] * CLASSES)) +
             field(11, value("x", [None, 1, SIDE, SIDE])) + field(12, value("scores", [None, CLASSES])))
    return field(1, 7) + field(7, graph) + field(8, field(2, 13))


def pixels(i):
    shown = (i + (i % 7 == 6)) % 3
    return bytes(100 + (3 * i if p // SIDE // 3 == shown and p // SIDE % 3 < 2 else 0) for p in range(SIDE * SIDE))


def idx(sizes, values):
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + values


class Outcome:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def __repr__(self):
        return f"status {self.status} after {self.seconds:.1f} s: {self.err or self.out}"


def limited(largest_file=None, address_space=None):
    def apply():
        if largest_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        if address_space is not None:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    return apply


def start(*words, limits=None, **more):
    """Commands that are compared run in their own folder, so that what they say of themselves is the same."""
    return subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                            preexec_fn=limits, **more)


def finish(process, begun, timeout=120):
    out, err = process.communicate(timeout=timeout)
    return Outcome(process.returncode, out, err, time.monotonic() - begun)


def run(*words, limits=None, timeout=120, **more):
    begun = time.monotonic()
    return finish(start(*words, limits=limits, **more), begun, timeout)


def rows_of(log):
    """A log's cells without the time, by which two runs may differ."""
    lines = pathlib.Path(log).read_text().splitlines()
    if not lines:
        return []
    time_at = lines[0].split("\t").index("time")
    return [[cell for i, cell in enumerate(line.split("\t")) if i != time_at] for line in lines]


def whole_files(folder):
    """Of files that are there under their own names, not under a temporary one."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*"))
            if p.is_file() and not p.name.endswith(".partial")}


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


class Faults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ballast_faults_"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.model, self.images = self.folder / "model.onnx", self.folder / "t10k-images-idx3-ubyte"
        self.model.write_bytes(network())
        self.images.write_bytes(idx([IMAGES, SIDE, SIDE], b"".join(map(pixels, range(IMAGES)))))
        (self.folder / "t10k-labels-idx1-ubyte").write_bytes(idx([IMAGES], bytes(i % 3 for i in range(IMAGES))))

    def certify(self, log, *more, n=1000, data=None, threads=1):
        return ["certify", self.model, data or self.images, log, "--sigma", "0.25", "--n", n, "--threads", threads, "--quiet", *more]

    def made(self, name, *more, n=1000):
        log = self.folder / name
        outcome = run(*self.certify(log, *more, n=n))
        self.assertEqual(outcome.status, 0, outcome)
        return log

    def assertComplains(self, outcome, status, *words):
        """One line on stderr, this exit status, no signal."""
        self.assertEqual(outcome.status, status, outcome)
        self.assertEqual(outcome.err.count("\n"), 1, outcome)
        self.assertTrue(outcome.err.startswith("ballast: "), outcome)
        for word in words:
            self.assertIn(word, outcome.err)

    def ppm_folder(self, images=6):
        folder = self.folder / "photos"
        for i in range(images):
            place = folder / f"class{i % 3}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.pgm").write_bytes(b"P5 8 8 255\n" + pixels(i + 20))
        return folder


class Kills(Faults):
    """SIGKILL at random instants; what is done again ends as if nothing had been."""

    def kill_at_random(self, words, times, place, check, again):
        """check(i): after the kill; again(i): after the same command has run to its end."""
        whole = run(*words("undisturbed"), cwd=place("undisturbed"))
        self.assertEqual(whole.status, 0, whole)
        chance, cut = random.Random(20190425), 0
        for i in range(times):
            process = start(*words(i), cwd=place(i))
            time.sleep(chance.uniform(0, whole.seconds))
            cut += process.poll() is None
            process.kill()
            process.communicate()
            check(i)
            outcome = run(*words(i), cwd=place(i))
            self.assertEqual(outcome.status, 0, f"try {i}: {outcome}")
            again(i)
        self.assertGreaterEqual(cut, times // 10, "the kills came too late")

    def rows_survive(self, words, times, rows=None):
        def log(i):
            return self.folder / f"log-{i}.tsv"

        def check(i):
            if not log(i).exists():
                return
            text = log(i).read_text()
            expected = rows_of(log("undisturbed"))
            whole = [row for row in rows_of(log(i))][: text.count("\n")]
            self.assertEqual(whole, expected[:len(whole)], f"try {i}")
            if text.count("\n") > 1:
                json.loads(pathlib.Path(f"{log(i)}.json").read_text())
                outcome = run("audit", log(i))
                self.assertIn(outcome.status, (0, 1), outcome)

        def again(i):
            self.assertEqual(rows_of(log(i)), rows_of(log("undisturbed")), f"try {i}")

        self.kill_at_random(lambda i: words(log(i)), times, lambda i: self.folder, check, again)

    def files_survive(self, words, times):
        """Of commands that write files whole: under their own names there is nothing but what an undisturbed run writes."""
        def out(i):
            folder = self.folder / f"out-{i}"
            folder.mkdir(exist_ok=True)
            return folder

        def check(i):
            there, whole = whole_files(out(i)), whole_files(out("undisturbed"))
            for name, contents in there.items():
                self.assertEqual(len(contents), len(whole[name]), f"try {i}: {name} is half-written")

        def again(i):
            self.assertEqual(sorted(whole_files(out(i))), sorted(whole_files(out("undisturbed"))), f"try {i}")

        self.kill_at_random(lambda i: words, times, out, check, again)

    def test_certify(self):
        self.rows_survive(lambda log: self.certify(log, n=20000), 100 if THOROUGH else 3)

    def test_certify_radii(self):
        self.rows_survive(lambda log: self.certify(log, "--radii", "0.1,0.25", n=20000), 100 if THOROUGH else 3)

    def test_merge(self):
        parts = [self.made(f"part{k}.tsv", "--shard", f"{k}/2") for k in (1, 2)]
        self.files_survive(["merge", *parts, "--out", "log.tsv"], 100 if THOROUGH else 2)

    def test_report(self):
        log = self.made("log.tsv")
        self.files_survive(["report", log, "--out", "report"], 100 if THOROUGH else 2)

    @unittest.skipUnless("--thorough" in sys.argv, "thorough alone")
    def test_recertify(self):
        before = self.made("before.tsv")
        self.rows_survive(lambda log: ["recertify", before, "--out", log, "--alpha", "0.01"], 100)

    @unittest.skipUnless("--thorough" in sys.argv, "thorough alone")
    def test_train(self):
        if "not in this build" in run("train", "--help").out:
            self.skipTest("this build has no LibTorch")

        def out(i):
            folder = self.folder / f"out-{i}"
            folder.mkdir(exist_ok=True)
            return folder

        def is_whole(i):
            self.assertEqual((out(i) / "made.onnx").read_bytes(), (out("undisturbed") / "made.onnx").read_bytes(), f"try {i}")

        words = ["train", self.images, "mlp", "made.onnx", "--sigma", "0.25", "--epochs", "40", "--threads", "1", "--quiet"]
        self.kill_at_random(lambda i: words, 100, out, lambda i: (out(i) / "made.onnx").exists() and is_whole(i), is_whole)


class FullDisks(Faults):
    """A file that may not grow beyond a size, and a disk that fills up."""

    def commands(self):
        log = self.made("log.tsv")
        parts = [self.made(f"part{k}.tsv", "--shard", f"{k}/2") for k in (1, 2)]
        return {"certify": self.certify("new.tsv"),
                "certify --radii": self.certify("radii.tsv", "--radii", "0.1,0.25"),
                "recertify": ["recertify", log, "--out", "again.tsv", "--alpha", "0.01"],
                "merge": ["merge", *parts, "--out", "merged.tsv"],
                "report": ["report", log, "--out", "report"],
                "evaluate": ["evaluate", self.model, self.images, "--logits", "logits.npy", "--quiet"],
                "compose": ["compose", "half", self.model, "half.onnx"]}

    def undisturbed(self, name, words):
        folder = self.folder / "whole" / name
        folder.mkdir(parents=True)
        outcome = run(*words, cwd=folder)
        self.assertEqual(outcome.status, 0, outcome)
        return folder

    def assertNothingTorn(self, name, folder, whole):
        expected = whole_files(whole)
        for file, contents in whole_files(folder).items():
            if file == "filling":
                continue
            if file.endswith(".tsv") and name != "merge":
                self.assertTrue(contents == b"" or contents.endswith(b"\n"), f"{name}: {file} ends within a row")
                rows = rows_of(folder / file)
                self.assertEqual(rows, rows_of(whole / file)[:len(rows)], name)
            else:
                self.assertEqual(len(contents), len(expected[file]), f"{name}: {file} is half-written")

    def assertDoneOrSaid(self, name, outcome, folder, whole):
        if outcome.status != 0:
            self.assertIn(outcome.status, (1, 2), outcome)
            self.assertComplains(outcome, outcome.status)
        self.assertNothingTorn(name, folder, whole)
        if outcome.status == 0:
            self.assertEqual(sorted(f for f in whole_files(folder) if f != "filling"), sorted(whole_files(whole)), name)

    def test_files_that_may_not_grow(self):
        for name, words in self.commands().items():
            whole, folder = self.undisturbed(name, words), self.folder / "full"
            for limit in range(0, 6000, 97) if THOROUGH else (0, 100, 1100, 5000):
                folder.mkdir()
                self.assertDoneOrSaid(f"{name} within {limit} bytes", run(*words, limits=limited(largest_file=limit), cwd=folder), folder, whole)
                shutil.rmtree(folder)

    @contextlib.contextmanager
    def small_disk(self):
        place = self.folder / "disk"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            self.skipTest("a small disk takes the right to mount one")
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", place], check=True)

    def test_a_disk_that_fills_up(self):
        for name, words in self.commands().items():
            whole = self.undisturbed(name, words)
            for free in range(0, 65536, 4096) if THOROUGH else (0, 4096, 8192):
                with self.subTest(name=name, free=free), self.small_disk() as disk:
                    with open(disk / "filling", "wb", buffering=0) as filling:
                        with contextlib.suppress(OSError):
                            while True:
                                filling.write(bytes(4096))
                        filling.truncate(max(0, filling.tell() - free))
                    self.assertDoneOrSaid(name, run(*words, cwd=disk), disk, whole)
                    (disk / "filling").unlink()
                    outcome = run(*words, cwd=disk)
                    self.assertEqual(outcome.status, 0, f"{name}, again with room: {outcome}")
                (self.folder / "disk").rmdir()


class UnreadableFiles(Faults):
    """A file whose every read fails (EIO): the memory of a process at its address 0."""

    def setUp(self):
        super().setUp()
        self.broken = self.folder / "broken"
        self.broken.symlink_to("/proc/self/mem")

    def test_is_said_in_one_line(self):
        log = self.made("log.tsv")
        manifest = pathlib.Path(f"{log}.json")
        for words in (["certify", self.broken, self.images, self.folder / "new.tsv", "--sigma", "0.25", "--quiet"],
                      ["summary", self.broken], ["audit", self.broken], ["report", self.broken, "--out", self.folder / "r"],
                      ["inspect", self.broken]):
            self.assertComplains(run(*words), 2, "broken: cannot be read")
        self.images.unlink()
        self.images.symlink_to("/proc/self/mem")
        self.assertComplains(run(*self.certify(self.folder / "new.tsv")), 2, "t10k-images-idx3-ubyte")
        manifest.unlink()
        manifest.symlink_to("/proc/self/mem")
        self.assertComplains(run("recertify", log, "--out", self.folder / "new.tsv", "--alpha", "0.01"), 2, "log.tsv.json")
        self.assertFalse((self.folder / "new.tsv").exists())


class LittleMemory(Faults):
    """Address space from what the program takes to be loaded up to what its run takes."""

    def test_is_said_in_one_line(self):
        mib = 1 << 20
        small, enough = mib, 1 << 30
        while enough - small > mib // 4:  # the least that it is loaded in
            middle = (small + enough) // 2
            if run("--version", limits=limited(address_space=middle)).status == 0:
                enough = middle
            else:
                small = middle
        expected = rows_of(self.made("expected.tsv"))
        said = 0
        for more in range(256) if THOROUGH else [0, 1, 2, 3, 8, 48, 96, 144, 192, 240]:
            log = self.folder / f"log{more}.tsv"
            outcome = run(*self.certify(log, threads=8), limits=limited(address_space=enough + more * mib // 2))
            self.assertGreaterEqual(outcome.status, 0, f"{more}: ended by signal {-outcome.status}: {outcome}")
            if outcome.status != 0:
                self.assertComplains(outcome, 1)
                said += 1
                self.assertEqual(run(*self.certify(log)).status, 0)
            self.assertEqual(rows_of(log), expected)
        self.assertGreater(said, 0)


class TwoAtOnce(Faults):
    def test_one_writes_and_the_others_are_refused(self):
        expected = rows_of(self.made("expected.tsv", n=20000))
        log = self.folder / "log.tsv"
        begun = time.monotonic()
        processes = [start(*self.certify(log, n=20000)) for _ in range(5)]
        outcomes = [finish(process, begun) for process in processes]
        self.assertIn(0, [outcome.status for outcome in outcomes])
        for outcome in outcomes:
            if outcome.status != 0:
                self.assertComplains(outcome, 2, "another process is writing to it")
        self.assertEqual(rows_of(log), expected)

    def test_recertify_into_a_log_under_way_is_refused(self):
        before = self.made("before.tsv")
        log = self.folder / "log.tsv"
        process = start(*self.certify(log, n=4_000_000_000))
        try:
            self.assertTrue(wait_until(lambda: pathlib.Path(f"{log}.json").exists()))
            self.assertComplains(run("recertify", before, "--out", log, "--alpha", "0.01"), 2, "another process is writing to it")
            self.assertComplains(run("merge", log, "--out", self.folder / "merged.tsv"), 2)
        finally:
            process.kill()
            process.communicate()
        self.assertFalse((self.folder / "merged.tsv").exists())


class ExchangedFiles(Faults):
    def test_an_image_that_was_exchanged_ends_the_run(self):
        photos, log = self.ppm_folder(), self.folder / "log.tsv"
        options = ["--gray", "--resize", "0"]
        words = self.certify(log, *options, n=600_000, data=photos)
        expected = self.folder / "expected.tsv"
        self.assertEqual(run(*self.certify(expected, *options, n=600_000, data=photos)).status, 0)
        process, begun = start(*words), time.monotonic()
        self.assertTrue(wait_until(lambda: log.exists() and log.read_text().count("\n") > 1))
        last = photos / "class2" / "5.pgm"
        before = last.read_bytes()
        last.write_bytes(b"P5 8 8 255\n" + bytes(64))
        outcome = finish(process, begun)
        self.assertComplains(outcome, 2, "5.pgm", "has changed since")
        rows = rows_of(log)
        self.assertEqual(rows, rows_of(expected)[:len(rows)])
        self.assertComplains(run(*words), 2, "data_sha256")
        last.write_bytes(before)
        self.assertEqual(run(*words).status, 0)
        self.assertEqual(rows_of(log), rows_of(expected))

    def test_a_model_that_was_exchanged_is_not_looked_at_again(self):
        log = self.folder / "log.tsv"
        expected = rows_of(self.made("expected.tsv", n=100_000))
        process, begun = start(*self.certify(log, n=100_000)), time.monotonic()
        self.assertTrue(wait_until(lambda: log.exists() and log.read_text().count("\n") > 1))
        self.model.write_bytes(network(bias=1.0))
        self.images.write_bytes(self.images.read_bytes()[::-1])
        outcome = finish(process, begun)
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(rows_of(log), expected)
        self.images.write_bytes(self.images.read_bytes()[::-1])
        self.assertComplains(run(*self.certify(log, n=100_000)), 2, "model_sha256")


class CommandLines(Faults):
    """Options of each command with values that nobody means: done, or refused in one line."""

    VALUES = ["", "0", "-1", "1", "2", "0.25", "1e-300", "1e308", "1e999", "-0", "nan", "inf", "0x10", "1,2", ",", "1,,2", "99999999999999999999",
              "18446744073709551615", "9223372036854775808", "2147483648", "3x8x8", "1x8x8", "0x0x0", "99999x99999x99999", "1/2", "2/1", "0/0",
              "a=b", "=", "%s%n", "\xff\xfe", "\u202e", "x" * 5000, "/dev/null", "/", ".", "-", "--", "exec:", "exec:false", "http://",
              "http://127.0.0.1:1/v2/models/m", "[", "{}", "true", "test", "train", "gaussian", "grid", "chw", "bilinear", "1:2:3"]
    LONG = {"serve", "bench", "verify", "train", "attack"}  # what listens, or measures for seconds, or is not in every build

    def options_of(self, command):
        words = run(command, "--help").out.split()
        return sorted({word.split(",")[0] for word in words if word.startswith("--") and word != "--help" and word[2:3].isalpha()})

    def test_are_understood_or_refused(self):
        chance = random.Random(2026)
        log = self.made("log.tsv")
        files = [str(self.model), str(self.images), str(log), "new.tsv", "out"]
        commands = [line.split()[0] for line in run("--help").out.split("Commands\n")[1].split("\n\n")[0].splitlines() if line[2:3].strip()]
        self.assertGreater(len(commands), 15)
        options = {command: self.options_of(command) for command in commands if command not in self.LONG}
        for i in range(3000 if THOROUGH else 40):
            command = chance.choice(sorted(options))
            place = self.folder / f"place{i}"
            place.mkdir()
            words = [command, *[chance.choice(files) for _ in range(chance.choice([0, 1, 2, 2, 3, 3, 3]))], *["--sigma", "0.25"] * chance.randrange(2)]
            for _ in range(chance.randrange(4)):
                words.append(chance.choice(options[command] or ["--help"]))
                if chance.random() < 0.8:
                    words.append(chance.choice(self.VALUES))
            if chance.random() < 0.2:
                words.insert(chance.randrange(1, len(words) + 1), chance.choice(self.VALUES))
            process, begun = start(*words, cwd=place, stdin=subprocess.DEVNULL), time.monotonic()
            try:
                outcome = finish(process, begun, 3)
            except subprocess.TimeoutExpired:  # it has a long run to do
                process.kill()
                process.communicate()
                continue
            self.assertIn(outcome.status, (0, 1, 2), f"{words}: {outcome}")
            if outcome.status != 0 and command != "audit":
                self.assertIn("ballast: ", outcome.err.splitlines()[-1] if outcome.err else "", f"{words}: {outcome}")
            shutil.rmtree(place)


class StallingPeers(Faults):
    def test_a_server_that_never_answers(self):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            kept = []

            def accept():
                with contextlib.suppress(OSError):
                    while True:
                        kept.append(listening.accept()[0])

            threading.Thread(target=accept, daemon=True).start()
            self.model = f"http://127.0.0.1:{listening.getsockname()[1]}/v2/models/m"
            outcome = run(*self.certify(self.folder / "log.tsv", "--timeout", "1", "--retries", "1"), timeout=30)
            self.assertComplains(outcome, 1, "1 second")
            self.assertLess(outcome.seconds, 15)
            listening.close()

    def test_a_command_that_never_answers(self):
        self.model = "exec:sleep 100"
        outcome = run(*self.certify(self.folder / "log.tsv", "--timeout", "1", "--classes", "3"), timeout=30)
        self.assertComplains(outcome, 1, "has not answered in time")
        self.assertLess(outcome.seconds, 15)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--thorough"]
    if not words:
        sys.exit(__doc__.strip())
    PROGRAM, THOROUGH = os.path.abspath(words[0]), "--thorough" in sys.argv
    unittest.main(argv=[sys.argv[0], *words[1:]])
