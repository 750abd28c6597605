#!/usr/bin/env bash
# From the plug to the VM on a real front-end: this hook beside the stock one, as rows of the table of `onerescue drill --bench`.
#
# For a laboratory with dummy drivers, as oneadmin: it makes VMs on a host, has that host die, and deletes the VMs. Every other
# HOST hook for ERROR must be gone meanwhile: two of them would work on the same host.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: benches/live.sh --host NAME --template ID --kill COMMAND --revive COMMAND [options]

  --host NAME        the host that dies; MONITORED, and empty
  --template ID      the VM template to instantiate, with disks that every host can have
  --kill COMMAND     what takes the host away: its beacons end, ssh to it fails, its fence device says off
  --revive COMMAND   and what brings it back
  --vms "N ..."      how many VMs the host has, one run for each (default: "1 40 200")
  --hooks "H ..."    which hooks, one after the other: stock, onerescue, or both (default: "stock onerescue")
  --pause N          the -p of the hooks (default: 5)
  --force SECONDS    `onehost forceupdate` so long after the death, as a watcher does it (default: not at all)
  --patience SECONDS how long a run may take (default: 1800)
  --dry-run          say every command, and run none
  --help             this text

ONE_LOCATION names an installation of its own; without it the commands are those on PATH, and hooks are in
/var/lib/one/remotes/hooks/ft. Seconds since the death are exact to about one: `onevm list` takes as long.
EOF
}

fail() {
    printf '%s: %s\n' "$0" "$1" >&2
    exit 1
}

host='' template='' kill='' revive='' vms='1 40 200' hooks='stock onerescue' pause=5 force='' patience=1800 dry=''
while [ $# -gt 0 ]; do
    case "$1" in
    --help) usage && exit 0 ;;
    --dry-run) dry=yes && shift && continue ;;
    --host | --template | --kill | --revive | --vms | --hooks | --pause | --force | --patience)
        [ $# -ge 2 ] || fail "$1 needs a value; see --help"
        printf -v "${1#--}" '%s' "$2"
        shift 2
        ;;
    *) fail "no such option: $1; see --help" ;;
    esac
done
for name in host template kill revive; do
    [ -n "${!name}" ] || fail "--$name is missing; see --help"
done
for number in $vms "$template" "$pause" "$patience" ${force:+"$force"}; do
    [[ $number =~ ^[0-9]+$ ]] || fail "not a number: $number"
done
for hook in $hooks; do
    [[ $hook =~ ^(stock|onerescue)$ ]] || fail "no such hook: $hook"
done

# A command of OpenNebula, by its name.
one() {
    local program=$1
    shift
    run "${ONE_LOCATION:+$ONE_LOCATION/bin/}$program" "$@"
}

run() {
    if [ -n "$dry" ]; then
        printf '%q ' "$@" >&2
        printf '\n' >&2
    else
        "$@"
    fi
}

now() {
    date +%s.%N
}

since() {
    awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", to - from }'
}

# ID, state and host of our VMs, one a line.
list() {
    one onevm list --no-pager --csv --list ID,NAME,STAT,HOST | awk -F, -v mine="$mark" 'index($2, mine) == 1 { print $1, $3, $4 }'
}

# Wait until a command says something.
await() {
    local what=$1 until=$((SECONDS + patience))
    shift
    [ -z "$dry" ] || return 0
    until [ -n "$("$@")" ]; do
        [ "$SECONDS" -lt "$until" ] || fail "after $patience s: $what"
        sleep 0.5
    done
}

host_is() {
    one onehost list --no-pager --csv --list NAME,STAT | awk -F, -v host="$host" -v state="$1" '$1 == host && $2 == state'
}

running_here() {
    list | awk -v host="$host" -v all="$1" '$2 == "runn" && $3 == host { n++ } END { if (n == all) print n }'
}

register() {
    local command='ft/host_error.rb'
    [ "$1" = stock ] || command='ft/host_error'
    printf '%s\n' "NAME = \"$mark\"" 'TYPE = "state"' 'RESOURCE = "HOST"' 'STATE = "ERROR"' 'REMOTE = "no"' \
        "COMMAND = \"$command\"" "ARGUMENTS = \"\$TEMPLATE -m -p $pause\"" 'ARGUMENTS_STDIN = "yes"' >"$folder/hook"
    [ -z "$dry" ] || sed 's/^/# /' "$folder/hook" >&2
    one onehook create "$folder/hook" >&2
}

clean() {
    local ids
    run bash -c "$revive" || true
    ids=$(list | awk '{ print $1 }' | paste -sd, -)
    [ -z "$ids" ] || one onevm recover --delete "$ids" >&2 || true
    one onehook delete "$mark" >&2 || true
}

# One row: the moments of a death.
measure() {
    local hook=$1 count=$2 ids died error='' first='' half='' last='' until forced='' there
    register "$hook"
    one onetemplate instantiate "$template" --name "$mark-%i" --multiple "$count" >&2
    ids=$(list | awk '{ print $1 }' | paste -sd, -)
    one onevm deploy "${ids:-IDS}" "$host" >&2
    await "not all VMs run on $host" running_here "$count"
    died=$(now)
    run bash -c "$kill"
    until=$((SECONDS + patience))
    while [ -z "$last" ] && [ "$SECONDS" -lt "$until" ]; do
        [ -z "$dry" ] || break
        if [ -n "$force" ] && [ -z "$forced" ] && awk -v s="$(since "$died")" -v f="$force" 'BEGIN { exit s < f }'; then
            one onehost forceupdate "$host" >&2
            forced=yes
        fi
        [ -n "$error" ] || [ -z "$(host_is err)" ] || error=$(since "$died")
        there=$(list | awk -v host="$host" '$2 == "runn" && $3 != host { n++ } END { print n + 0 }')
        [ -n "$first" ] || [ "$there" -lt 1 ] || first=$(since "$died")
        [ -n "$half" ] || [ "$there" -lt $(((count + 1) / 2)) ] || half=$(since "$died")
        [ "$there" -lt "$count" ] || last=$(since "$died")
        sleep 0.2
    done
    [ -z "$dry" ] || [ -z "$force" ] || one onehost forceupdate "$host" >&2
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$count" "$hook" "${force:-no}" "${error:--}" "${first:--}" "${half:--}" "${last:--}"
    clean
    await "$host is not MONITORED again" host_is on
}

mark=bench-$$
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '| VMs | hook | forced | ERROR | first VM | half | last VM |\n| --- | --- | --- | --- | --- | --- | --- |\n'
[ -n "$dry" ] || [ -n "$(host_is on)" ] || fail "$host is not MONITORED"
trap 'clean; rm -rf "$folder"' INT TERM
for count in $vms; do
    for hook in $hooks; do
        measure "$hook" "$count"
    done
done
