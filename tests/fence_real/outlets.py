#!/usr/bin/python3
"""The outlets of a switched rack PDU, as snmpd asks for them (pass_persist): outlets.py DIR

DIR/outlet-N says on or off. DIR/requests has a line for every request. DIR/switched, a program, is told after each
order. DIR/fault makes it a bad one: `ignored` orders are confirmed and not carried out.
"""
import os
import subprocess
import sys

FOLDER = sys.argv[1]
OUTLETS = range(1, 25)
TREE = "1.3.6.1.4.1.318.1.1.12.3."
COMMAND, NAME, STATE = TREE + "3.1.1.4", TREE + "5.1.1.2", TREE + "5.1.1.4"
WORDS = {"1": "on", "2": "off"}


def path(name):
    return os.path.join(FOLDER, name)


def key(oid):
    return [int(number) for number in oid.strip(".").split(".") if number]


OBJECTS = {f"{column}.{outlet}": (column, outlet) for column in (COMMAND, NAME, STATE) for outlet in OUTLETS}
IN_ORDER = sorted(OBJECTS, key=key)
power = {outlet: "1" for outlet in OUTLETS}


def keep(outlet):
    with open(path(f"outlet-{outlet}"), "w") as file:
        print(WORDS[power[outlet]], file=file)


def note(*words):
    with open(path("requests"), "a") as file:
        print(*words, file=file)


def show(oid):
    """An object's name, type and value, or that there is none."""
    if oid not in OBJECTS:
        return ["NONE"]
    column, outlet = OBJECTS[oid]
    note("get", outlet)
    if column == NAME:
        return ["." + oid, "string", f"outlet {outlet}"]
    return ["." + oid, "integer", power[outlet]]


def order(oid, value):
    column, outlet = OBJECTS.get(oid, (None, None))
    if column != COMMAND:
        return ["not-writable"]
    if value not in WORDS:
        return ["wrong-value"]
    note("set", outlet, WORDS[value])
    if not os.path.exists(path("fault")):
        power[outlet] = value
        keep(outlet)
        if os.path.exists(path("switched")):
            # Not waited for, because snmpd is; and both our outputs are the protocol.
            silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.Popen([path("switched")], **silent)
    return ["DONE"]


def answer(request, line):
    if request == "PING":
        return ["PONG"]
    oid = line().strip(".")
    if request == "get":
        return show(oid)
    if request == "getnext":
        return show(next((known for known in IN_ORDER if key(known) > key(oid)), ""))
    if request == "set":
        return order(oid, line().split()[-1])
    return ["NONE"]


for outlet in OUTLETS:
    keep(outlet)
for request in iter(sys.stdin.readline, ""):
    if request.strip():
        lines = answer(request.strip(), lambda: sys.stdin.readline().strip())
        # In one piece: snmpd takes what is there for the answer.
        os.write(1, ("\n".join(lines) + "\n").encode())
