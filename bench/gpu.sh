#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# All that is to be measured and checked on a GPU, in one go.
#
#   bench/gpu.sh [PYTHON]
#
# PYTHON (python3): has torch with CUDA, against whose C++ library the program is built. A full build's packages must be there
# (tools/install_packages.sh full), or BALLAST name a program that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

command -v nvidia-smi >/dev/null || { echo "gpu.sh: there is no NVIDIA GPU here" >&2; exit 2; }
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv
prefix=$("$python" -c 'import torch; assert torch.cuda.is_available(); print(torch.utils.cmake_prefix_path)') ||
  { echo "gpu.sh: $python has no torch that finds the GPU" >&2; exit 2; }

if [ -z "${BALLAST:-}" ]; then
  cmake -S . -B build/gpu -G Ninja -DCMAKE_BUILD_TYPE=Release -DBALLAST_TORCH=ON -DBALLAST_TESTS=OFF -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
  cmake --build build/gpu --target ballast
  BALLAST=build/gpu/ballast
fi
"$python" bench/gpu.py "$BALLAST"
