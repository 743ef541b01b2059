# SPDX-License-Identifier: BSD-3-Clause
"""Files that are there whole or not at all, whenever the program or the machine dies (floor 1).

New content is written beside the old one under the name of `part_of`, brought onto the disk, and put in its place by a
rename, which file systems do in one step.
"""

import errno
import fcntl
import os
import shutil
import time
from contextlib import contextmanager, suppress

from kmc.errors import KmcError, cannot_write, make_directory

PATIENCE = 5.0
"""float: seconds to wait for the owner of a lock to go. Launchers return before the ranks that they kill are gone, so a
run that is resumed at once can find its predecessor dying."""


def part_of(path):
    """Where the next content of a file is written.

    Parameters
    ----------
    path : Path

    Returns
    -------
    part : Path
        In the same directory, hidden.
    """
    return path.with_name(f".{path.name}.part")


def write_whole(path, content, durable=True):
    """Put new content in the place of a file.

    Parameters
    ----------
    path : Path
    content : bytes-like
    durable : bool
        Whether it must survive that the machine loses power right afterwards. A few ms on a disk, more in a network.

    Raises
    ------
    OSError
        If it cannot be written; the old content is as it was then.
    """
    part = part_of(path)
    with removed_on_failure(part):
        with part.open("wb") as file:
            file.write(content)
        replace_whole(part, path, durable)


def copy_whole(source, target):
    """Copy a file, inside of the kernel where it can.

    Parameters
    ----------
    source, target : Path

    Raises
    ------
    OSError
        If it cannot be copied.
    """
    with source.open("rb") as old, target.open("wb") as new:
        left = os.fstat(old.fileno()).st_size
        try:
            while left > 0:
                copied = os.copy_file_range(old.fileno(), new.fileno(), min(left, 2**30))
                if copied == 0:
                    return
                left -= copied
        except OSError as error:
            if new.tell() or os.fstat(new.fileno()).st_size:
                raise
            del error  # this kernel or file system cannot; nothing has been copied yet
            shutil.copyfileobj(old, new, 2**24)


def replace_whole(part, path, durable=True):
    """Put a file in the place of another one.

    Parameters
    ----------
    part, path : Path
        In one directory.
    durable : bool
        Whether it must survive that the machine loses power right afterwards.

    Raises
    ------
    OSError
        If that is not allowed.
    """
    if durable:
        sync(part)
    os.replace(part, path)
    if durable:
        sync(path.parent)


def sync(path):
    """Bring a file or a directory onto the disk.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If that fails, as on a full disk. A file system that does not know it for directories is left alone.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


@contextmanager
def removed_on_failure(path):
    """Remove a file if the block fails.

    Parameters
    ----------
    path : Path
    """
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


@contextmanager
def alone(path):
    """Keep other processes from writing a file while the block lasts.

    A lock beside the file, which the system releases when its owner dies. File systems without locks give none, and
    where nothing can be written none is needed. An owner that is about to go is waited for (`PATIENCE`).

    Parameters
    ----------
    path : Path

    Raises
    ------
    KmcError
        If another process keeps the lock, or the directory cannot be made.
    """
    lock = path.with_name(f".{path.name}.lock")
    descriptor = _locked(lock, path)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                lock.unlink()
            os.close(descriptor)


def _locked(lock, path):
    """File descriptor of a lock that is ours; None where there can be none."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            make_directory(lock.parent)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                return None
            raise cannot_write(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            raise KmcError(f"another process is writing {path}: wait for it, or choose another directory") from None
        except OSError:
            return descriptor
        # The owner before removes the file when it ends: what was locked may not be there any more.
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                return descriptor
        os.close(descriptor)
