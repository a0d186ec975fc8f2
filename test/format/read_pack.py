"""Reads packs of format 2 and their parity, written from docs/format-chunks.md alone: python3 read_pack.py FILE.pack [FILE.par]

Prints what is in them as JSON. The codecs gzip and none come with Python; zstd needs Debian's python3-zstandard (or Python 3.14),
brotli its python3-brotli.
"""

import gzip
import hashlib
import json
import struct
import sys
import zlib

KINDS = ["full", "delta", "list"]
CODECS = ["none", "zstd", "gzip", "brotli"]


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def header(data, magic, major=2):
    """The ids of the pack and of its store."""
    need(data[:8] == magic, "magic")
    need(sha256(data[:80])[:16] == data[80:96], "header digest")
    found, _minor, requires = struct.unpack_from("<HHI", data, 8)
    need(found == major and requires == 0, "not for this reader")
    return data[16:42].decode(), data[44:70].decode()


def decompress(payload, codec, raw_bytes):
    if codec == "gzip":
        return gzip.decompress(payload)
    if codec == "zstd":
        try:
            import zstandard

            return zstandard.ZstdDecompressor().decompress(payload, max_output_size=raw_bytes)
        except ModuleNotFoundError:
            from compression import zstd  # Python 3.14

            return zstd.decompress(payload)
    if codec == "brotli":
        import brotli

        return brotli.decompress(payload)
    return payload


class Frame:
    """A frame, checked but for the digests of deltas. `chunks` are (digest, raw bytes, kind, payload)."""

    def __init__(self, data, pack):
        need(data[:4] == b"WMFR", "magic of a frame")
        self.number, self.first, count, stored, self.raw, codec = struct.unpack_from("<IIIIIB", data, 4)
        (crc,) = struct.unpack_from("<I", data, 28)
        at = 48 + 44 * count
        need(sha256(pack.encode(), data[:32], data[48:at])[:16] == data[32:48], "digest of a frame")
        payload = data[at:]
        need(len(payload) == stored and zlib.crc32(payload) == crc, "crc32 of a payload")
        need(codec < len(CODECS), "codec %d is not for this reader" % codec)
        self.codec = CODECS[codec]
        payload = decompress(payload, self.codec, self.raw)
        need(len(payload) == self.raw, "length of a payload")
        self.chunks, part_from = [], 0
        for entry in range(48, at, 44):
            raw_bytes, payload_bytes, kind = struct.unpack_from("<IIB", data, entry + 32)
            need(kind < len(KINDS), "kind %d is not for this reader" % kind)
            part = payload[part_from : part_from + payload_bytes]
            part_from += payload_bytes
            digest = data[entry : entry + 32]
            if KINDS[kind] != "delta":
                need(len(part) == raw_bytes and sha256(part) == digest, "a chunk")
            self.chunks.append((digest, raw_bytes, KINDS[kind], part))
        need(part_from == self.raw, "sum of a table")


class Pack:
    """A pack by its whole bytes. Frames are read when they are asked for."""

    def __init__(self, data):
        self.data = data
        self.id, self.store = header(data, b"waymkpak")
        trailer = data[-64:]
        offset, frames, self.count = struct.unpack_from("<QII", trailer)
        footer = data[offset:-64]
        need(trailer[56:] == b"waymkend" and len(footer) == 32 * frames, "trailer")
        need(sha256(self.id.encode(), footer, trailer[:32])[:24] == trailer[32:56], "digest of the footer")
        self.entries = [struct.unpack_from("<QIIIIII", footer, at) for at in range(0, len(footer), 32)]
        self.frames = {}
        end = 0
        for _place, _stored, _raw, first, count, _number, _chunk_bytes in self.entries:
            need(first >= end, "order of the footer")
            end = first + count
        need(end == self.count, "number of chunks")

    def frame(self, index):
        if index not in self.frames:
            place, stored, raw, first, count, number, chunk_bytes = self.entries[index]
            frame = Frame(self.data[place : place + stored], self.id)
            need((frame.number, frame.first, frame.raw, len(frame.chunks)) == (number, first, raw, count), "footer and frame")
            need(sum(chunk[1] for chunk in frame.chunks) == chunk_bytes, "raw bytes of a frame")
            self.frames[index] = frame
        return self.frames[index]

    def chunk(self, number):
        for index, (_place, _stored, _raw, first, count, _number, _chunk_bytes) in enumerate(self.entries):
            if first <= number < first + count:
                return self.frame(index).chunks[number - first]
        raise Damaged("a chunk is missing")


def listing(pack):
    frames = [pack.frame(index) for index in range(len(pack.entries))]
    chunks = [
        [
            {"kind": kind, "digest": digest.hex(), "rawBytes": raw_bytes, "payload": sha256(payload).hex()}
            for digest, raw_bytes, kind, payload in frame.chunks
        ]
        for frame in frames
    ]
    found = [{"frame": frame.number, "chunks": each} for frame, each in zip(frames, chunks)]
    return {"pack": pack.id, "store": pack.store, "frames": found}


def check_parity(data, packed):
    need(header(data, b"waymkpar") == header(packed, b"waymkpak"), "parity of another pack")
    need(sha256(data[:-32]) == data[-32:], "digest of the parity")
    size, block, count, groups, length = struct.unpack_from("<QIIII", data, 96)
    need(size == len(packed) and count == -(-size // block) and length == min(size, block), "numbers of the parity")
    sums = struct.unpack_from("<%dI" % count, data, 128)
    blocks = [packed[at : at + block] for at in range(0, size, block)]
    need([zlib.crc32(each) for each in blocks] == list(sums), "crc32 of a block")
    for group in range(groups):
        parity = bytearray(length)
        for each in blocks[group::groups]:
            for at, byte in enumerate(each):
                parity[at] ^= byte
        at = 128 + 4 * count + group * length
        need(data[at : at + length] == parity, "a parity block")


def main():
    with open(sys.argv[1], "rb") as file:
        packed = file.read()
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as file:
            check_parity(file.read(), packed)
        print("{}")
    else:
        print(json.dumps(listing(Pack(packed))))


if __name__ == "__main__":
    main()
