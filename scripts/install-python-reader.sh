#!/bin/sh
# sh scripts/install-python-reader.sh          (as root, on Debian or Ubuntu)
#
# Installs what the independent reader of stores (test/docs/read_store.py) needs besides Python's standard library, from the
# distribution's own packages: python3-zstandard, python3-brotli and python3-cryptography. Nothing else in the project needs them: a test that misses
# them says so and is skipped. Where they cannot be installed, it says why and fails.
set -eu
python=/usr/bin/python3
if [ -x "$python" ] && "$python" -c 'import zstandard, brotli, cryptography' 2>/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo 'THERE IS NO apt-get: install Python with the modules zstandard, brotli and cryptography by hand' >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
timeout 120 apt-get update -q
timeout 300 apt-get install -y -q --no-install-recommends python3 python3-zstandard python3-brotli python3-cryptography
"$python" -c 'import zstandard, brotli, cryptography'
