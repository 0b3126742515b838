"""Runs a command with the system calls that systemd's SystemCallFilter= of a unit leaves: seccomp.py UNIT COMMAND...

What a group such as @system-service holds is asked of systemd-analyze, and libseccomp makes the filter: others fail with EPERM, as by
SystemCallErrorNumber=EPERM.
"""

import ctypes
import errno
import os
import subprocess
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def group(name: str) -> set[str]:
    lines = subprocess.run(['systemd-analyze', 'syscall-filter', name], check=True, capture_output=True, text=True).stdout.split('\n')
    words = [line.strip() for line in lines[1:] if line.startswith(' ') and not line.strip().startswith('#')]
    return {call for word in words for call in (group(word) if word.startswith('@') else {word})}


unit, *command = sys.argv[1:]
filters = [line.split('=', 1)[1].strip() for line in open(unit) if line.startswith('SystemCallFilter=')]
allowed = group('@default')
for each in filters:
    names = {call for word in each.lstrip('~').split() for call in group(word)}
    allowed = allowed - names if each.startswith('~') else allowed | names

library = ctypes.CDLL('libseccomp.so.2')
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ERRNO | errno.EPERM)))
# What starts the command.
for name in allowed | {'execve'}:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        library.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), ctypes.c_int(number), ctypes.c_uint(0))
if library.seccomp_load(context) != 0:
    sys.exit('seccomp: the filter cannot be loaded')
os.execvp(command[0], command)
