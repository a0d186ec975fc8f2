"""Reads the log of a store, written from docs/format.md and docs/format-sealed.md alone: the descriptor, segments, claims, and what counts of each stream."""

import glob
import json
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "format"))
from read_pack import Damaged, need, sha256  # noqa: E402
from read_sealed import Keys, secret_in  # noqa: E402

KNOWN_FEATURES = {"chunks", "unsynced", "items", "tables", "forks", "sealed", "events"}


def read_bytes(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def read_descriptor(store):
    descriptor = json.loads(read_bytes(store, "waymark.json"))
    checksum = descriptor.pop("checksum")
    text = json.dumps(descriptor, separators=(",", ":"), ensure_ascii=False)
    need(sha256(text.encode()).hex() == checksum, "checksum of the descriptor")
    need(descriptor["format"]["major"] == 1, "not for this reader")
    need(set(descriptor["requires"]) <= KNOWN_FEATURES, "features not for this reader")
    return descriptor


class Record:
    def __init__(self, data, segment, offset):
        self.length, crc, self.kind, name, self.token, self.sequence = struct.unpack_from("<IIBBxxII", data)
        data = data[: self.length]
        need(zlib.crc32(data[8:]) == crc, "crc32 of a record")
        self.stream = data[20 : 20 + name].decode("latin-1")
        self.payload = data[20 + name :]
        self.segment, self.offset = segment, offset


def records_in(data, segment, offset):
    records, at = [], 0
    while at < len(data):
        record = Record(data[at:], segment, offset + at)
        records.append(record)
        at += record.length
    return records


class Segment:
    def __init__(self, data, name, store, keys):
        self.name, self.data, self.records = name, data, []
        self.batches, self.closed, self.damaged, self.torn = 0, False, False, len(data)
        digest = sha256(name.encode(), data[:80])[:16]
        if data[:8] != b"waymkseg" or digest != data[80:96]:
            self.damaged = len(data) > 96
            return
        major, _minor, requires = struct.unpack_from("<HHI", data, 8)
        need(major == 1 and requires in (0, 1), "not for this reader")
        self.sealed = keys.records(name, data[70:80].hex()) if requires else None
        need(data[16:42].decode() == name and data[44:70].decode() == store, "a segment of another store")
        self.scan(digest)

    def scan(self, before):
        at, number = 96, 0
        while at < len(self.data):
            batch = None if self.closed else self.batch(at)
            follows = batch and (number is None or batch["number"] == number + 1) and before in (None, batch["before"])
            if not follows:
                after = None if self.closed else self.behind_damage(at)
                self.damaged = self.damaged or self.closed or after is not None
                if after is None:
                    break
                at, before, number = after, None, None
                continue
            self.records += batch["records"]
            self.batches += 1
            self.closed, before, number, at = batch["closes"], batch["digest"], batch["number"], batch["end"]
        self.torn = len(self.data) - at

    def batch(self, at):
        if self.data[at : at + 4] != b"WMBT" or at + 64 > len(self.data):
            return None
        number, offset, before, length, count, flags, unsynced = struct.unpack_from("<IQ16sIIII", self.data, at + 4)
        end = at + 64 + length
        digest = self.data[at + 48 : at + 64]
        body = self.data[at + 64 : end]
        if offset != at or sha256(self.name.encode(), self.data[at : at + 48], body)[:16] != digest or end > len(self.data):
            return None
        records = records_in(body, self.name, at + 64)
        if len(records) != count:
            return None
        records = [self.open(record) for record in records]
        durable = at - unsynced
        return {"number": number, "before": before, "digest": digest, "records": records, "closes": flags & 1 == 1, "end": end, "durable": durable}

    def open(self, record):
        return self.sealed.open(record, records_in) if self.sealed else record

    def behind_damage(self, flaw):
        """The next good batch, if a good batch behind the flaw says that what stands there was durable."""
        first = after = self.next_batch(flaw + 1)
        while after is not None:
            batch = self.batch(after)
            if batch["durable"] > flaw:
                return first
            after = self.next_batch(batch["end"])
        return None

    def next_batch(self, at):
        while True:
            at = self.data.find(b"WMBT", at)
            if at < 0:
                return None
            if self.batch(at):
                return at
            at += 1


class Accept:
    def __init__(self, record):
        payload = record.payload
        self.token, self.sequence, name = struct.unpack_from("<IIB", payload)
        start = record.offset + 20 + len(record.stream) + 9 + name
        sealed = getattr(record, "copies", None)
        self.copies = records_in(payload[9 + name :], record.segment, start) if sealed is None else sealed


def history(records):
    """What counts of the records of one stream, oldest first."""
    accepts, data = {}, {}

    def take(record):
        if record.kind == 0:
            data.setdefault((record.token, record.sequence), record)
        else:
            accepts[record.token] = Accept(record)
            for copy in accepts[record.token].copies:
                take(copy)

    for record in records:
        take(record)
    token = max(accepts, default=1)
    chain, cut = [], None
    while True:
        chain.insert(0, (token, cut))
        if token not in accepts:
            break
        token, cut = accepts[token].token, accepts[token].sequence
    need(token == 1, "the chain does not end at token 1")
    counting = []
    for token, cut in chain:
        sequence = 1
        while cut is None or sequence <= cut:
            if (token, sequence) not in data:
                need(cut is None and not any(t == token and s > sequence for t, s in data), "record %d is missing" % sequence)
                break
            counting.append(data[token, sequence])
            sequence += 1
    return counting


class Log:
    def __init__(self, store, key=None):
        self.store, self.descriptor = store, read_descriptor(store)
        self.keys = None
        if "sealed" in self.descriptor["requires"]:
            need(key is not None, "the store is sealed: a key is needed")
            self.keys = Keys(store, self.descriptor["store"], secret_in(key))
        self.segments = {}
        for path in sorted(glob.glob(os.path.join(store, "segments", "*.seg"))):
            name = os.path.basename(path)[:-4]
            self.segments[name] = Segment(self.read("segments", name + ".seg"), name, self.descriptor["store"], self.keys)
        streams = {}
        for segment in self.segments.values():
            for record in segment.records:
                streams.setdefault(record.stream, []).append(record)
        self.free = streams.pop("", [])
        self.streams = {stream: history(records) for stream, records in sorted(streams.items())}
        self.claims = [self.claim(path) for path in sorted(glob.glob(os.path.join(store, "claims", "*", "*")))]

    def read(self, *path):
        """The content of a file that is written once."""
        data = read_bytes(self.store, *path)
        is_open = self.keys is None or data[:8] == b"waymkseg"
        return data if is_open else self.keys.content(data)

    def claim(self, path):
        shard, name = path.split(os.sep)[-2:]
        stream, token = name.rsplit(".", 1)
        need(sha256(stream.encode()).hex()[:2] == shard, "a claim in another folder")
        segment, _, total = read_bytes(path).decode("latin-1").strip().partition(" ")
        holds = "%x" % zlib.crc32(("%s %s" % (name, segment)).encode()) == total
        return {"stream": stream, "token": int(token), "segment": segment if holds else None}

    def at(self, segment, offset, length):
        """The record at a place, whether it counts or not."""
        need(segment in self.segments, "a segment is missing")
        record = Record(self.segments[segment].data[offset : offset + length], segment, offset)
        need(record.length == length and len(record.payload) + len(record.stream) + 20 == length, "a record that is not there")
        return self.segments[segment].open(record)
