#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts a Python wheel together from a build: the package, the program, and the libraries that Debian's base lacks, with their licences.

    tools/wheel.py BUILD FOLDER     BUILD: a built tree with BALLAST_PYTHON=ON; the wheel is written into FOLDER, and its path printed

tools/package.sh wheel builds first. Needs patchelf and binutils.
"""

import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

sys.dont_write_bytecode = True  # the tree stays as it is

import sbom  # noqa: E402
from sbom import output_of  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]

# What every Linux of that glibc has, or may not be carried along. Newer ones serve as well.
BASE = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|gcc_s|stdc\+\+|z))\.so")

EXECUTABLE = 0o755


def libraries_of(file):
    """SONAME and path of everything that it loads, by itself or by another."""
    found = {}
    for line in output_of("ldd", file).splitlines():
        name, _, path = line.strip().partition(" => ")
        if not path or BASE.match(name):
            continue
        if path.startswith("not found"):
            sys.exit(f"wheel: {file}: {name} is not found")
        found[name] = pathlib.Path(path.split(" (")[0]).resolve()
    return found


def needed_by(file):
    return output_of("patchelf", "--print-needed", file).split()


def licence_of(library):
    """The copyright file of the Debian package that holds a library, and the package's name."""
    package = sbom.package_of(library)
    if package is None:
        sys.exit(f"wheel: no package is known to hold {library}, so its licence is not")
    return package, pathlib.Path("/usr/share/doc") / package / "copyright"


def installed(build, folder):
    """The package as it is installed, with the program in it."""
    prefix = folder / "prefix"
    output_of("cmake", "--install", build, "--prefix", prefix, "--component", "python")
    (found,) = prefix.glob("**/_ballast*.so")
    package = folder / "wheel" / "ballast"
    shutil.copytree(found.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "bin").mkdir()
    shutil.copy2(pathlib.Path(build) / "ballast", package / "bin" / "ballast")
    return package


def carry_libraries(package, binaries):
    """Copies them under names that no other package of the same process has, and has them found there."""
    folder = package.parent / "ballast.libs"
    folder.mkdir()
    libraries = {}
    for binary in binaries:
        libraries |= libraries_of(binary)
    names, licences = {}, {}
    for name, path in libraries.items():
        stem, _, rest = name.partition(".so")
        names[name] = f"{stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.so{rest}"
        shutil.copy(path, folder / names[name])
        holder, licence = licence_of(path)
        licences[holder] = licence
    for file in [*binaries, *(folder / name for name in names.values())]:
        file.chmod(EXECUTABLE)
        output_of("strip", "--strip-unneeded", file)
        if file.parent == folder:
            output_of("patchelf", "--set-soname", file.name, file)
        for name in needed_by(file):
            if name in names:
                output_of("patchelf", "--replace-needed", name, names[name], file)
        output_of("patchelf", "--force-rpath", "--set-rpath", "$ORIGIN/" + os.path.relpath(folder, file.parent), file)
    return licences


def write_description(package, version, tag, licences):
    folder = package.parent / f"ballast-{version}.dist-info"
    (folder / "licenses").mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "licenses" / "LICENSE")
    for holder, licence in licences.items():
        shutil.copy(licence, folder / "licenses" / holder)
    readme = (ROOT / "docs" / "python.md").read_text()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: ballast\nVersion: {version}\nSummary: Certified robustness of image classifiers by randomized smoothing\n"
        "License: Apache-2.0\nClassifier: Typing :: Typed\nClassifier: Operating System :: POSIX :: Linux\n"
        f"Requires-Python: >=3.9\nRequires-Dist: numpy>=1.22\nDescription-Content-Type: text/markdown\n\n{readme}")
    (folder / "WHEEL").write_text(f"Wheel-Version: 1.0\nGenerator: ballast\nRoot-Is-Purelib: false\nTag: {tag}\n")
    (folder / "entry_points.txt").write_text("[console_scripts]\nballast = ballast.__main__:main\n")
    return folder


def add_bill(program, folder):
    """What the program consists of, where tools look for it (PEP 770); of the libraries as they were before they were stripped and renamed."""
    folder.mkdir()
    sbom.write(program, folder / "ballast.spdx.json")


def time_of_commit():
    """Of the last one, in seconds; "" without git or outside of a repository."""
    if not shutil.which("git"):
        return ""
    return subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False).stdout


def write_wheel(root, description, file):
    """The same bytes for the same files: sorted, and of the time of SOURCE_DATE_EPOCH or the last commit."""
    date = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time_of_commit() or "946684800"))[:6]
    record = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:

        def add(name, data, mode):
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (0o100000 | mode) << 16
            archive.writestr(entry, data)

        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name, data = path.relative_to(root).as_posix(), path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}\n")
            add(name, data, path.stat().st_mode & 0o777)
        name = f"{description.name}/RECORD"
        add(name, "".join(record) + f"{name},,\n", 0o644)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, target = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    version = re.search(r"project\(ballast VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    with tempfile.TemporaryDirectory() as temporary:
        package = installed(build, pathlib.Path(temporary))
        (module,) = package.glob("_ballast*.so")
        python = re.search(r"\.cpython-(\d+)", module.name).group(1)
        glibc = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
        tag = f"cp{python}-cp{python}-manylinux_{glibc}_{os.uname().machine}"
        licences = carry_libraries(package, [module, package / "bin" / "ballast"])
        description = write_description(package, version, tag, licences)
        add_bill(build / "ballast", description / "sboms")
        target.mkdir(parents=True, exist_ok=True)
        file = target / f"ballast-{version}-{tag}.whl"
        write_wheel(package.parent, description, file)
    print(file)


if __name__ == "__main__":
    main()
