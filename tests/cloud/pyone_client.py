"""A foreign client against the simulated cloud: OpenNebula's own Python bindings. Argument: the endpoint."""
import sys

import pyone

server = pyone.OneServer(sys.argv[1], session="oneadmin:password")

assert server.system.version() == "7.5.80"

hosts = {host.ID: host for host in server.hostpool.info().HOST}
assert sorted(hosts) == [0, 1], hosts
assert pyone.HOST_STATES(hosts[0].STATE).name == "ERROR", hosts[0].STATE
assert hosts[0].VMS.ID == [0, 1], hosts[0].VMS.ID
host = server.host.info(0)
assert host.TEMPLATE["ERROR"].endswith("Error monitoring Host node0 (0): "), host.TEMPLATE["ERROR"]
assert host.TEMPLATE["FENCE_IP"] == "10.0.0.1"
assert host.HOST_SHARE.RUNNING_VMS == 2

vms = {vm.ID: vm for vm in server.vmpool.info(-2, -1, -1, -1).VM}
assert {vm.NAME for vm in vms.values()} == {"web", "locked"}
assert {(vm.STATE, vm.LCM_STATE) for vm in vms.values()} == {(3, 16)}
assert len(server.vmpool.infoset("0,1", True).VM) == 2

# Migrate one: the destination is in the history at once, RUNNING follows.
assert server.vm.migrate(0, 1, False, True, -1, 0) == 0
vm = server.vm.info(0)
assert [record.HID for record in vm.HISTORY_RECORDS.HISTORY] == [0, 1]
for _ in range(100):
    vm = server.vm.info(0)
    if pyone.LCM_STATE(vm.LCM_STATE).name == "RUNNING":
        break
assert pyone.LCM_STATE(vm.LCM_STATE).name == "RUNNING", vm.LCM_STATE
assert vm.USER_TEMPLATE["HA_PRIORITY"] == "HIGH"

# A dictionary is sent as XML.
server.vm.update(0, {"TEMPLATE": {"HA_AFTER": "1"}}, 1)
assert server.vm.info(0).USER_TEMPLATE["HA_AFTER"] == "1"
assert server.vm.info(0).USER_TEMPLATE["HA_PRIORITY"] == "HIGH"


def refused(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError(f"{arguments} was not refused with {kind.__name__}")


assert "VM is locked" in refused(pyone.OneAuthorizationException, server.vm.migrate, 1, 1, False, True)
assert "already running on host" in refused(pyone.OneActionException, server.vm.migrate, 0, 1, False, True)
assert "[99]" in refused(pyone.OneNoExistsException, server.vm.info, 99)
stranger = pyone.OneServer(sys.argv[1], session="oneadmin:wrong")
assert "authenticated" in refused(pyone.OneAuthenticationException, stranger.hostpool.info)
refused(pyone.OneException, server.nothing.here)
print("pyone is content")
