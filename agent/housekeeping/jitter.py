"""The share of a task's jitter that this machine takes: the same on each run, another elsewhere.

Owns the number, which is systemd's own for `FixedRandomDelay=yes` (src/core/timer.c), so that the
embedded scheduler and a timer unit agree, and so does what `caretaker housekeeping` shows. Pure.
"""

from __future__ import annotations

# timer_get_fixed_delay_hash() of systemd.
_KEY = bytes.fromhex("510adb76295142c28035eae68e3a37bd")
_MASK = (1 << 64) - 1


def offset(timer: str, jitter: float, machine: bytes) -> float:
    """Seconds after its calendar time at which the timer unit of that name elapses.

    `jitter` is RandomizedDelaySec= in seconds, `machine` the 16 bytes of the machine's id.
    """
    longest = round(jitter * 1_000_000)
    if longest <= 0:
        return 0.0
    system_manager, uid = b"\1", bytes(4)
    told = machine + system_manager + uid + timer.encode()
    return (siphash24(_KEY, told) % longest) / 1_000_000


def siphash24(key: bytes, message: bytes) -> int:
    """SipHash-2-4 (Aumasson and Bernstein, 2012) as a number."""
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    whole = len(message) // 8 * 8
    last = message[whole:].ljust(7, b"\0") + bytes([len(message) & 0xFF])
    for block in (*(message[i : i + 8] for i in range(0, whole, 8)), last):
        word = int.from_bytes(block, "little")
        v[3] ^= word
        _rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = (v[0] + v[1]) & _MASK
        v[1] = _turn(v[1], 13) ^ v[0]
        v[0] = _turn(v[0], 32)
        v[2] = (v[2] + v[3]) & _MASK
        v[3] = _turn(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & _MASK
        v[3] = _turn(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & _MASK
        v[1] = _turn(v[1], 17) ^ v[2]
        v[2] = _turn(v[2], 32)


def _turn(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _MASK
