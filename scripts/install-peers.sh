#!/bin/sh
# sh scripts/install-peers.sh          (as root, on Debian or Ubuntu)
#
# Installs what bench/backup-peers.ts measures Waymark against, from the distribution's own packages:
#   restic       content-addressed backups, always encrypted; 0.14 or later, so that its repositories are compressed
#   borgbackup   content-addressed backups, encryption optional; 1.2 or later
#   time         GNU time, which reads the peak memory of a process, ours and theirs alike
# Nothing else in the project needs them: a benchmark that misses one says so and measures the rest.
set -eu
apt-get update
apt-get install -y --no-install-recommends restic borgbackup time
restic version
borg --version
