#!/bin/sh
# sh scripts/install-peers.sh          (as root, on Debian or Ubuntu)
#
# Installs what bench/backup-peers.ts measures Waymark against, from the distribution's own packages:
#   restic       content-addressed backups, always encrypted; 0.14 or later, so that its repositories are compressed
#   borgbackup   content-addressed backups, encryption optional; 1.2 or later
#   time         GNU time, which reads the peak memory of a process, ours and theirs alike
# And, into a folder of their own beside the project (WAYMARK_PEERS, by default /tmp/waymark-peers), what bench/commits.ts measures it against:
#   @coji/durably          steps recorded in SQLite, here by libSQL, whose binary needs no compiler
#   @dbos-inc/dbos-sdk     steps recorded in PostgreSQL
# Nothing else in the project needs them: a benchmark that misses one says so and measures the rest.
set -eu
apt-get update
apt-get install -y --no-install-recommends restic borgbackup time
restic version
borg --version

peers="${WAYMARK_PEERS:-/tmp/waymark-peers}"
mkdir -p "$peers"
[ -f "$peers/package.json" ] || echo '{ "private": true, "type": "module" }' > "$peers/package.json"
# No scripts and no peers of theirs: better-sqlite3, which would be compiled, is not used.
npm install --prefix "$peers" --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  @coji/durably@0.15 @dbos-inc/dbos-sdk@5 @libsql/client @libsql/kysely-libsql kysely zod
