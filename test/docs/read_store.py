"""Reads a store without its catalog, written from docs/format.md, docs/format-chunks.md, docs/format-values.md and docs/format-sealed.md alone.

    python3 read_store.py [--key-file FILE] STORE [KEY …]   prints JSON lines: the store, its segments, claims and runs, what is finished of their items and which of
                                          the keys are among them, then each checkpoint, every byte checked

Needs nothing but Python's standard library and, for packs of these codecs, Debian's python3-zstandard and python3-brotli; for a sealed store, python3-cryptography.
"""

import json
import os
import struct
import sys

from read_log import Log  # before the others: it says where they are
from read_items import items_of
from read_pack import Pack, check_parity, header, need, sha256
from read_value import plain, read

RECORD_TYPES = """run.created attempt.started attempt.ended stage.started stage.done stage.failed stage.progress output.started
    items.requeued stage.noted stage.reset stage.inherited value.drawn checkpoint.saved checkpoint.deleted checkpoint.changed
    events.recorded""".split()
SHOWN_BYTES = 20_000
sys.setrecursionlimit(20_000)


def record_of(record):
    content = plain(read(record.payload))
    need(content["type"] in RECORD_TYPES, "a record of type %s is not for this reader" % content["type"])
    return content


def checkpoint_in(content):
    return content.get("checkpoint") or content.get("result") or content.get("resultsIn")


class Varints:
    def __init__(self, data):
        self.data, self.at = data, 0

    def next(self):
        value = 0
        for count in range(5):
            need(self.at < len(self.data), "a number that is cut off")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                need(byte > 0 or count == 0, "a number longer than needed")
                return value
        need(False, "a number longer than 5 bytes")

    def take(self, count):
        need(self.at + count <= len(self.data), "own bytes beyond the operations")
        self.at += count
        return self.data[self.at - count : self.at]


def apply_delta(operations, base, length):
    numbers, target, place = Varints(operations), bytearray(), 0
    while len(target) < length:
        own = numbers.next()
        target += numbers.take(own)
        place += own
        if own > 0 and len(target) == length:
            break
        copied = numbers.next()
        if copied % 2 == 1:
            moved = numbers.next()
            need(moved != 0, "a move to the same place")
            place += moved // 2 if moved % 2 == 0 else -((moved + 1) // 2)
        copied //= 2
        need(copied > 0 and 0 <= place and place + copied <= len(base), "a copy from outside the base")
        target += base[place : place + copied]
        place += copied
    need(len(target) == length and numbers.at == len(operations), "operations that do not make the target")
    return bytes(target)


def read_old_pack(data, store_id, name, first, count):
    """The frames of a pack of format 1."""
    need(header(data, b"waymkpak", 1) == (name, store_id), "another pack")
    trailer = data[-64:]
    offset, frames = struct.unpack_from("<QI", trailer)
    footer = data[offset : offset + 24 * frames]
    need(trailer[56:] == b"waymkend" and sha256(footer, trailer[:32])[:24] == trailer[32:56], "end of a pack")
    raw = []
    for frame in range(first, first + count):
        at, stored, length, codec, kind = struct.unpack_from("<QIIBB", footer, 24 * frame)
        need(struct.unpack_from("<IIBB", data, at) == (stored, length, codec, kind), "a frame that does not fit its entry")
        need(codec == 0 and kind == 0 and stored == length, "codec or kind not for this reader")
        content = data[at + 48 : at + 48 + stored]
        need(sha256(content) == data[at + 16 : at + 48], "digest of a frame")
        raw.append(content)
    return b"".join(raw)


class Chunks:
    """The streams of a store."""

    def __init__(self, log):
        self.log, self.packs = log, {}
        self.kinds, self.codecs = {}, set()

    def pack(self, reference, own):
        """`own` is the pack in the record at hand."""
        if own is not None and reference == own.id:
            return own
        key = reference if isinstance(reference, str) else tuple(reference)
        if key not in self.packs:
            if isinstance(reference, str):
                pack = Pack(self.log.read("packs", reference + ".pack"))
                need(pack.id == reference, "another pack")
            else:
                pack = Pack(checkpoint_in(record_of(self.log.at(*reference)))["content"]["pack"])
            need(pack.store == self.log.descriptor["store"], "a pack of another store")
            self.packs[key] = pack
        return self.packs[key]

    def chunk(self, reference, number, own, may_be_delta=True):
        digest, length, kind, payload = self.pack(reference, own).chunk(number)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "delta":
            need(may_be_delta, "a delta that stands on a delta")
            (size,) = struct.unpack_from("<H", payload)
            spans = plain(read(payload[2 : 2 + size]))
            base = [
                self.chunk(pack, each, own, False)[1] for pack, first, count in spans for each in range(first, first + count)
            ]
            need(0 < len(base) <= 8, "a base of %d chunks" % len(base))
            payload = apply_delta(payload[2 + size :], b"".join(base), length)
        need(len(payload) == length and sha256(payload) == digest, "digest of a chunk")
        return digest, payload

    def stream(self, manifest, own):
        """Its bytes, and the digests of its chunks."""
        digests, parts = [], []
        for at in range(0, len(manifest["runs"]), 4):
            pack, first, count, length = manifest["runs"][at : at + 4]
            reference = manifest["packs"][pack]
            if not isinstance(reference, str):
                reference = [manifest["segments"][reference[0]], *reference[1:]]
            chunks = [self.chunk(reference, number, own) for number in range(first, first + count)]
            need(count > 0 and sum(len(chunk) for _, chunk in chunks) == length, "length of a run")
            digests += [digest for digest, _ in chunks]
            parts += [chunk for _, chunk in chunks]
        return b"".join(parts), digests

    def content(self, content):
        """The bytes of a checkpoint, their digest, and what kinds of keeping were met."""
        self.kinds = {}
        if content["kind"] == "inline":
            return content["bytes"], "sha256:" + sha256(content["bytes"]).hex()
        if content["kind"] == "pack":
            bytes_ = read_old_pack(
                self.log.read("packs", content["pack"] + ".pack"),
                self.log.descriptor["store"],
                content["pack"],
                content["first"],
                content["count"],
            )
            return bytes_, "sha256:" + sha256(bytes_).hex()
        need(content["kind"] == "chunks", "content of kind %s is not for this reader" % content["kind"])
        own = Pack(content["pack"]) if "pack" in content else None
        need(own is None or own.store == self.log.descriptor["store"], "a pack of another store")
        manifest = plain(read(content["manifest"]))
        if manifest.get("list"):
            manifest = plain(read(self.stream(manifest, own)[0]))
        if "outline" in manifest:
            read(manifest["outline"])
        bytes_, digests = self.stream(manifest, own)
        return bytes_, "chunks:sha256:" + sha256(*digests).hex()


def rows_in(data):
    rows, at = [], 0
    while at < len(data):
        need(data[at : at + 2] == b"\xd8\x18" and data[at + 2] >> 5 == 2, "no row")
        length, at = data[at + 2] & 31, at + 3
        if length >= 24:
            size = {24: 1, 25: 2, 26: 4}[length]
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        rows.append(read(data[at : at + length]))
        at += length
    return rows


def files_in(data):
    (offset,) = struct.unpack_from("<Q", data, len(data) - 8)
    files, at = [], 0
    for name, length in plain(read(data[offset:-8])):
        parts = name.split("/")
        need(not any(part in ("", ".", "..") or set(part) & set("\\:\0") for part in parts), "a name that leads elsewhere")
        files.append([name, sha256(data[at : at + length]).hex()])
        at += length
    need(at == offset, "length of the files")
    return files


def apply_changes(checkpoint, changes):
    """`changes` are (time, segment, offset, map)."""
    pins = {}
    for *_, change in sorted(changes, key=lambda each: each[:3]):
        for name in ("status", "tags"):
            if name in change:
                checkpoint[name] = change[name]
        for name in ("description", "expiresAt"):
            if name in change:
                checkpoint.pop(name, None)
                if change[name] is not None:
                    checkpoint[name] = change[name]
        for key, value in change.get("metadata", {}).items():
            checkpoint["metadata"].pop(key, None)
            if value is not None:
                checkpoint["metadata"][key] = value
        pins.pop(change.get("unpin"), None)
        if "pin" in change:
            pins[change["pin"]["name"]] = change["pin"]
    checkpoint["pins"] = [pins[name] for name in sorted(pins)]


def show(checkpoint, chunks):
    content = checkpoint.pop("content")
    data, digest = chunks.content(content)
    need(digest == checkpoint["digest"], "digest of checkpoint %s" % checkpoint["id"])
    need(len(data) == checkpoint["logicalBytes"], "length of checkpoint %s" % checkpoint["id"])
    line = {"kind": "checkpoint", **checkpoint, "sha256": sha256(data).hex(), "contentKind": content["kind"]}
    line["chunks"], line["rides"] = chunks.kinds, "pack" in content and content["kind"] == "chunks"
    if checkpoint["encoding"] == "rows":
        rows = rows_in(data)
        need(len(rows) == checkpoint["rows"], "number of rows")
        line["value"] = rows if len(data) <= SHOWN_BYTES else None
    elif checkpoint["encoding"] == "files":
        line["files"] = files_in(data)
    elif checkpoint["encoding"] == "cbor" and len(data) <= SHOWN_BYTES:
        line["value"] = read(data)
    else:
        need(checkpoint["encoding"] in ("cbor", "bytes"), "encoding not for this reader")
    return line


def main():
    words = sys.argv[1:]
    key = words[1] if words[0] == "--key-file" else None
    store, *asked = words if key is None else words[2:]
    log = Log(store, key)
    chunks = Chunks(log)
    lines = [{"kind": "store", **log.descriptor}]
    for segment in log.segments.values():
        facts = {name: getattr(segment, name) for name in ("name", "batches", "closed", "damaged", "torn")}
        lines.append({"kind": "segment", **facts})
    lines += [{"kind": "claim", **claim} for claim in log.claims]
    checkpoints, changes, deleted = {}, {}, set()
    for records in (*log.streams.values(), log.free):
        contents = [record_of(record) for record in records]
        if contents and contents[0]["type"] == "run.created":
            for path, facts in items_of(contents, asked).items():
                lines.append({"kind": "items", "run": records[0].stream, "path": path, **facts})
        for record, content in zip(records, contents):
            if record.stream and not record.stream.startswith("@"):
                known = {name: content[name] for name in ("type", "time", "path") if name in content}
                facts = {name: getattr(record, name) for name in ("token", "sequence", "segment")}
                lines.append({"kind": "record", "run": record.stream, **facts, **known})
            if content["type"] == "checkpoint.deleted":
                deleted.add(content["id"])
            elif content["type"] == "checkpoint.changed":
                stamped = (content["time"], record.segment, record.offset, content["changes"])
                changes.setdefault(content["id"], []).append(stamped)
            elif checkpoint_in(content):
                checkpoints[checkpoint_in(content)["id"]] = checkpoint_in(content)
    for checkpoint in sorted(checkpoints.values(), key=lambda each: -each["order"]):
        if checkpoint["id"] not in deleted:
            apply_changes(checkpoint, changes.get(checkpoint["id"], []))
            lines.append(show(checkpoint, chunks))
    for name in sorted(os.listdir(os.path.join(store, "packs"))):
        if name.endswith(".par"):
            check_parity(log.read("packs", name), log.read("packs", name[:-4] + ".pack"))
        if name.endswith(".pack") and log.read("packs", name)[8] == 2:
            pack = Pack(log.read("packs", name))
            codecs = sorted({pack.frame(index).codec for index in range(len(pack.entries))})
            parity = os.path.exists(os.path.join(store, "packs", pack.id + ".par"))
            lines.append({"kind": "pack", "id": pack.id, "chunks": pack.count, "codecs": codecs, "parity": parity})
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
