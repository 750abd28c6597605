#!/bin/sh
# For a zone of several front-ends: what was going on when the leader was lost goes on at once, instead of with the
# next minute of the timer. Put it beside vip.sh, into /var/lib/one/remotes/hooks/raft/ of every front-end, mode 755,
# and name it in /etc/one/oned.conf with the arguments that vip.sh had:
#
#   RAFT_LEADER_HOOK = [
#       COMMAND   = "raft/raft_leader.sh",
#       ARGUMENTS = "leader eth0 10.0.0.2/24"
#   ]
#
# RAFT_FOLLOWER_HOOK stays as it is.

"$(dirname "$0")/vip.sh" "$@"
code=$?

# Where a self-contained installation is: ONE_LOCATION=/srv/one, if oned has not told it.
if [ -r /etc/onerescue.env ]; then
    set -a
    . /etc/onerescue.env
    set +a
fi

# In the background: oned waits for its hook. It logs to the same file as every run.
setsid -f "${ONERESCUE:-/usr/bin/onerescue}" reconcile </dev/null >/dev/null 2>&1

exit $code
