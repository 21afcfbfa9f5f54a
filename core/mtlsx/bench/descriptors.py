"""Each device needs an open file: whether this process may have that many."""

from __future__ import annotations

from mtlsx.errors import UsageError

_OURS = 64  # files that are open besides: the program's own, and those that it loads


def make_room(devices: int) -> str | None:
    """Raise this process' limit of open files where ``devices`` need it; a sentence about that, None without need.

    Raises UsageError where the system allows fewer.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    needed = devices + _OURS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return None
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise UsageError(
            f"{devices:,} devices need {needed:,} open files, and the limit is {hard:,}.",
            fix=f"Raise it (ulimit -n, limits.conf, LimitNOFILE), or take {max(hard - _OURS, 0):,} devices.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return f"The limit of open files of this process is raised from {soft:,} to {needed:,}."
