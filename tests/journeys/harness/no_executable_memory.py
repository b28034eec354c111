"""Starts a program that may not make memory executable which it has written, as under systemd's MemoryDenyWriteExecute."""
import ctypes
import errno

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1  # linux/prctl.h
PR_GET_MDWE = 66


def can_forbid():
    """Since Linux 6.3."""
    return ctypes.CDLL(None, use_errno=True).prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0


def forbid():
    """For `preexec_fn`: holds for the process and what it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno() or errno.EINVAL, "prctl")
