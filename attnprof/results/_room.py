"""Room for NumPy, which pandas imports: a MemoryError here, where NumPy's library would end the process."""

from mmap import mmap

ROOM = 96 * 2**20  # bytes of addresses that the import takes

try:
    mmap(-1, ROOM).close()
except OSError:
    raise MemoryError from None
