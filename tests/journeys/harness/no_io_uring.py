"""Starts a program that is refused io_uring, as in many containers: its system call ends with EPERM."""
import ctypes
import errno
import platform
import struct

SYSTEM_CALL = 425  # io_uring_setup, on every architecture
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # of classic BPF
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def forbid():
    """For `preexec_fn`: holds for the process and what it starts."""
    assert platform.system() == "Linux"
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in [
        (LOAD_NUMBER, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, SYSTEM_CALL), (RETURN, 0, 0, FAIL_WITH | errno.EPERM),
        (RETURN, 0, 0, ALLOW)])
    libc = ctypes.CDLL(None, use_errno=True)
    filter_ = Filter(len(program) // 8, program)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
