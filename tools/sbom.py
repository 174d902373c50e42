#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A list of what a built program consists of, as SPDX 2.3 in JSON: itself, the libraries that it loads, and the headers that are compiled in.

    tools/sbom.py PROGRAM FILE     FILE: where it is written

The libraries are those that the loader finds for PROGRAM here, by Debian package, version and SHA-256; those of packages that say their
licences in a form that programs read have them. SOURCE_DATE_EPOCH is its time, so that the same build gives the same bytes.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Compiled in, and so not to be seen from outside: a header of each, by whose package it is found.
HEADERS = ["boost/version.hpp", "Random123/philox.h", "stb/stb_image.h", "CLI/CLI.hpp", "nlohmann/json.hpp", "fmt/format.h", "onnx/onnx_pb.h"]

# As Debian's copyright files name them, and as SPDX does.
LICENCES = {
    "Apache-2.0": "Apache-2.0", "Apache-2": "Apache-2.0", "BSD-2-clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause", "BSL-1.0": "BSL-1.0",
    "Expat": "MIT", "MIT": "MIT", "Zlib": "Zlib", "zlib": "Zlib", "LGPL-2.1+": "LGPL-2.1-or-later", "LGPL-3+": "LGPL-3.0-or-later",
    "GPL-2+": "GPL-2.0-or-later", "GPL-3+": "GPL-3.0-or-later", "public-domain": "LicenseRef-public-domain",
}


def output_of(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def package_of(path):
    """The Debian package that holds a file, or None."""
    for name in (path, pathlib.Path(str(path).removeprefix("/usr"))):
        found = subprocess.run(["dpkg-query", "-S", str(name)], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(":")[0]
    return None


def licence_of(package):
    """Of the whole work, as its package's copyright file says it; NOASSERTION where it does not, or in words that SPDX has no name for."""
    try:
        text = pathlib.Path(f"/usr/share/doc/{package}/copyright").read_text(errors="replace")
    except OSError:
        return "NOASSERTION"
    for paragraph in re.split(r"\n\s*\n", text):
        if re.search(r"^Files:\s*\*\s*$", paragraph, re.MULTILINE) and (found := re.search(r"^License:\s*(\S+)\s*$", paragraph, re.MULTILINE)):
            return LICENCES.get(found.group(1), "NOASSERTION")
    return "NOASSERTION"


def libraries_of(program):
    """What the loader finds for it, but for the kernel's own."""
    paths = re.findall(r"(?:=> |^\s*)(/\S+) \(0x", output_of("ldd", program), re.MULTILINE)
    return sorted({pathlib.Path(path).resolve() for path in paths})


def time_of_build():
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.datetime.now(datetime.timezone.utc).timestamp())
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(name, version, licence, comment):
    identifier = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)
    return {"SPDXID": identifier, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION", "comment": comment}


def document_of(program):
    version = re.search(r"project\(ballast VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    own = entry("ballast", version, "Apache-2.0", f"the program, SHA-256 {hashlib.sha256(program.read_bytes()).hexdigest()}")
    loaded, compiled_in = {}, set()
    for path in libraries_of(program):
        package = package_of(path)
        loaded.setdefault(package or path.name, []).append((path, package))
    for header in HEADERS:
        for path in (pathlib.Path("/usr/include") / header, *pathlib.Path("/usr/include").glob(f"*-linux-gnu/{header}")):
            if path.exists() and (package := package_of(path)):
                compiled_in.add(package)
    packages, relations = [own], [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]

    def version_of(package):
        return output_of("dpkg-query", "-W", "-f", "${Version}", package)

    for name, files in sorted(loaded.items()):
        package = files[0][1]
        what = "; ".join(f"{path.name}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}" for path, _ in files)
        packages.append(entry(name, version_of(package) if package else "NOASSERTION", licence_of(package), f"loaded: {what}"))
        relations.append((own["SPDXID"], "DYNAMIC_LINK", packages[-1]["SPDXID"]))
    for name in sorted(compiled_in):
        packages.append(entry(name, version_of(name), licence_of(name), "its headers are compiled in"))
        relations.append((own["SPDXID"], "CONTAINS", packages[-1]["SPDXID"]))
    # A name of its own for every document: by what it says.
    digest = hashlib.sha256(json.dumps(packages).encode()).hexdigest()
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"ballast-{version}",
            "documentNamespace": f"urn:ballast:spdx:{digest}",
            "creationInfo": {"created": time_of_build(), "creators": ["Tool: ballast-sbom"]}, "packages": packages,
            "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations]}


def write(program, file):
    file.write_text(json.dumps(document_of(program), indent=1) + "\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
