"""Whether tests can be another user: the same as who may not read, or monitors."""

import os
import subprocess

NOBODY = 65534
NONE_CAN_RUN = "no other user can run a program here, as where / is closed to them"


def nobody_can_run():
    """To root; another user is nobody already."""
    if os.geteuid() != 0:
        return True
    try:
        return subprocess.run(["true"], user=NOBODY, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except PermissionError:
        return False
