#!/bin/bash
# The power switch of a simulated machine, as ipmi_sim calls it:
#   chassis.sh DIR get power    prints power:0 or power:1
#   chassis.sh DIR set power 0  kills the machine, a real process group whose number is in DIR/machine
# DIR/powered_off, a program, is told when that has happened.
# DIR/fault makes it a bad one: ignored, refused, unreadable, flapping, slow.
dir=$1 order=$2
shift 2
machine=$(cat "$dir/machine")
fault=$(cat "$dir/fault" 2>/dev/null)

# Not in dash: its kill does not take the number of a process group here.
running() { kill -0 -- "-$machine" 2>/dev/null; }
power_off() { running && kill -KILL -- "-$machine" && { [ ! -x "$dir/powered_off" ] || "$dir/powered_off"; }; }

get() {
    case $1 in
    power)
        case $fault in
        unreadable) exit 1 ;;
        flapping)
            echo >>"$dir/flaps"
            echo "power:$(($(wc -l <"$dir/flaps") % 2))"
            ;;
        *) if running; then echo power:1; else echo power:0; fi ;;
        esac
        ;;
    boot) echo boot:default ;;
    *) exit 1 ;;
    esac
}

set_power() {
    [ "$1" = 0 ] || exit 1
    echo off >>"$dir/orders"
    case $fault in
    ignored | flapping) ;;
    refused) exit 1 ;;
    slow) (sleep 2 && power_off) >/dev/null 2>&1 & ;;
    *) power_off ;;
    esac
}

case $order in
get) for what in "$@"; do get "$what"; done ;;
set) while [ $# -ge 2 ]; do
    [ "$1" = power ] && set_power "$2"
    shift 2
done ;;
*) exit 1 ;;
esac
exit 0
