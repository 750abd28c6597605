# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_onerescue_global_optspecs
    string join \n h/help V/version
end

function __fish_onerescue_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_onerescue_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_onerescue_using_subcommand
    set -l cmd (__fish_onerescue_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c onerescue -n "__fish_onerescue_needs_command" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_needs_command" -s V -l version -d 'Print version'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "check" -d 'Check the installation: settings, oned, the hook, every fence device, witnesses'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "setup" -d 'Set up what an installation needs: it is shown, and asked for, before it is done'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "plan" -d 'Show what would run where, and what would be held, if hosts died now; changes nothing'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "disarm" -d 'Keep every host of the zone, or of a cluster, from being fenced'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "arm" -d 'End what `disarm` began'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "confirm-off" -d 'Say that you have seen that a host is off, for one that no device can prove off'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "proceed" -d 'Take the brakes off the incident of a host, once and for ten minutes: storm, windows, flaps, grace, gateways'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "layer" -d 'See and change anti-affinity layers: VMs that must not share a host'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "evacuate" -d 'Empty a host that is alive: disable it, and move its VMs to others, live where they run'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "restore" -d 'Put a host that was emptied into service again, and bring back what was moved from it'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "reconcile" -d 'Go on with incidents whose run is gone, look again at what is held, begin with hosts whose event was lost'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "watch" -d 'Make oned look sooner at a host that is silent; a service, from `onerescue-watch.service`'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "status" -d 'Show on one screen what is open, what goes on by itself, and what needs a person first'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "history" -d 'List every incident of the zone, newest first'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "metrics" -d 'Print metrics for Prometheus; reconcile writes the same to `[metrics] file`'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "show" -d 'Show one incident: its phases with times, its evidence, each VM with its outcome'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "replay" -d 'Lead today\'s policy through the recorded answers, and show where it would now decide differently'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "report" -d 'Write one incident down as a page for people: what happened, the timeline, the evidence, each VM, who did what'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "abort" -d 'End the open incident of a host: nothing more is sent for it'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "notify" -d 'Tell the receivers of the settings ([[notify]]) which incidents were opened, are held, need somebody, or have ended, and which hosts cannot be lost'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "drill" -d 'Lose a host of a simulated cloud and watch the recovery'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "drill-power" -d 'The fence program of a served drill: the HOST document in base64 on stdin, as every fence program gets it'
complete -c onerescue -n "__fish_onerescue_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l cluster -d 'Only the hosts of this cluster, by name or id' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l host -d 'Only this host, by name or id' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l settings -d 'Only whether the text of the settings file can be used, whoever owns it; neither oned nor a device is asked'
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l verbose -d 'Every finding in lines of its own'
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand check" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and not __fish_seen_subcommand_from hooks hosts help" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and not __fish_seen_subcommand_from hooks hosts help" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and not __fish_seen_subcommand_from hooks hosts help" -f -a "hooks" -d 'Register the hooks of onerescue, in the place of OpenNebula\'s own; as oneadmin, once per zone'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and not __fish_seen_subcommand_from hooks hosts help" -f -a "hosts" -d 'Print the [[host]] entries of hosts that have none, or put those of a list or of a scan into the settings file'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and not __fish_seen_subcommand_from hooks hosts help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l options -d 'The options of `host_error`. With --hand-over `host_back` has it too, and `onerescue reconcile` must run' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l without -d 'Leave this hook as it is; may be given several times' -r -f -a "host_error\t''
host_back\t''
vm_down_poweroff\t''
vm_down_unknown\t''"
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l remove -d 'Delete every hook that starts a program of onerescue'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l leader-only -d 'Do nothing on a front-end that does not lead its zone: for tools that run this on every front-end'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l dry-run -d 'Show what would be done, and change nothing'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -l yes -d 'Do not ask on the terminal'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hooks" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l from -d 'The list: CSV with a header, or a JSON array of objects if it ends in .json' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l scan -d 'Ask these for Redfish and IPMI, at most 1024: addresses or names with or without a port, ranges (10.8.0.11-40), networks (10.8.0.0/24), and paths of files of them, a line each, with the fingerprint of its certificate behind it' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l user -d 'As whom the controllers are asked; without it, as the [device] that has the secret file' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l secret-file -d 'The file with the password of the controllers, mode 0600; may be given more than once, with a pattern (10.8.0.*, bmc1) for the addresses that fit it, where the first that fits counts. {address} in the path is the address' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l list -d 'Print what was proven as a list for --from, the rest on stderr, and write nothing'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -l yes -d 'Do not ask on the terminal'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from hosts" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from help" -f -a "hooks" -d 'Register the hooks of onerescue, in the place of OpenNebula\'s own; as oneadmin, once per zone'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from help" -f -a "hosts" -d 'Print the [[host]] entries of hosts that have none, or put those of a list or of a scan into the settings file'
complete -c onerescue -n "__fish_onerescue_using_subcommand setup; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l cluster -d 'Every host of this cluster, by name or id' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l explain -d 'Why this VM, by id or name, would go where it goes or nowhere, with what every host says' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l failures -d '2: also any two of them at the same moment; of a single host, with each other host of its cluster' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l all -d 'Every host'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -s m -l migrate -d 'As the hook\'s -m [default: as the registered hook has it, else -m]'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -s r -l recreate -d 'As the hook\'s -r'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -s d -l delete -d 'As the hook\'s -d'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -s f -l force -d 'As the hook\'s -f'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand plan" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand disarm" -l cluster -d 'The cluster, by name or id; without it the whole zone' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand disarm" -l reason -d 'Why, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand disarm" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand disarm" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand arm" -l cluster -d 'The cluster, by name or id; without it the whole zone' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand arm" -l reason -d 'Why, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand arm" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand arm" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand confirm-off" -l reason -d 'How you know, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand confirm-off" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand confirm-off" -l yes -d 'Do not ask for the host\'s name on the terminal'
complete -c onerescue -n "__fish_onerescue_using_subcommand confirm-off" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand proceed" -l reason -d 'Why it is dead whatever else fails, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand proceed" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand proceed" -l yes -d 'Do not ask for the host\'s name on the terminal'
complete -c onerescue -n "__fish_onerescue_using_subcommand proceed" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "list" -d 'Every layer, and every rule between roles, with its members and their hosts'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "check" -d 'What is wrong with layers and rules between roles now, or would be after the loss of a host'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "create" -d 'Make a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "add" -d 'Add VMs to a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "remove" -d 'Take VMs out of a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "rename" -d 'Give a layer another name'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "delete" -d 'Delete a layer with at most one member'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and not __fish_seen_subcommand_from list check create add remove rename delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from list" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from check" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from create" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from add" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from remove" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from rename" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from delete" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every layer, and every rule between roles, with its members and their hosts'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "check" -d 'What is wrong with layers and rules between roles now, or would be after the loss of a host'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add VMs to a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take VMs out of a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "rename" -d 'Give a layer another name'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete a layer with at most one member'
complete -c onerescue -n "__fish_onerescue_using_subcommand layer; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l reason -d 'Why, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l all -d 'POWEROFF and SUSPENDED VMs too: their disks go, and they stay as they are'
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l dry-run -d 'Name what would go where, and what cannot go and why; change nothing'
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l all-or-nothing -d 'Touch nothing if one VM cannot be moved'
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand evacuate" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand restore" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand restore" -l dry-run -d 'Name what would go back; change nothing'
complete -c onerescue -n "__fish_onerescue_using_subcommand restore" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand restore" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand reconcile" -l stay -d 'While an incident waits for a time or a person\'s word, look again every 10 s for so long' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand reconcile" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand reconcile" -l dry-run -d 'Only say what would be worked on, and why not the rest'
complete -c onerescue -n "__fish_onerescue_using_subcommand reconcile" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand reconcile" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand watch" -l for -d 'End after so long, for a trial [default: never]' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand watch" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand watch" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand status" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand status" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand status" -l watch -d 'Look again every few seconds, until Ctrl-C'
complete -c onerescue -n "__fish_onerescue_using_subcommand status" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand history" -l host -d 'Only this host\'s, by name or id' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand history" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand history" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand history" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand metrics" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand metrics" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand show" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand show" -l follow -d 'Go on until it is closed: in place on a terminal, else line by line'
complete -c onerescue -n "__fish_onerescue_using_subcommand show" -l vms -d 'Every VM in a line of its own, however many there are'
complete -c onerescue -n "__fish_onerescue_using_subcommand show" -l json -d 'Print JSON: the record as it is, and its stages'
complete -c onerescue -n "__fish_onerescue_using_subcommand show" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand replay" -l settings -d 'Whose settings hold: today\'s, or those of the recorded run' -r -f -a "then\t''
now\t''"
complete -c onerescue -n "__fish_onerescue_using_subcommand replay" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand replay" -l json -d 'Print JSON'
complete -c onerescue -n "__fish_onerescue_using_subcommand replay" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand report" -l output -d 'Write the page into this file instead of to standard output' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand report" -l site -d 'Write a site into this folder instead: an index, and a page of each incident' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand report" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand report" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand abort" -l reason -d 'Why, in one line of at most 200 characters' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand abort" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand abort" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand notify" -l config -d 'The settings file' -r -F
complete -c onerescue -n "__fish_onerescue_using_subcommand notify" -l test -d 'Send a message that says that nothing has happened to each receiver, and say what came of it'
complete -c onerescue -n "__fish_onerescue_using_subcommand notify" -l apart -d 'Begin a session of its own: a run has started this beside itself'
complete -c onerescue -n "__fish_onerescue_using_subcommand notify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c onerescue -n "__fish_onerescue_using_subcommand drill" -l serve -d 'Do not recover: serve the simulated cloud on this loopback port (0 for any) for real executables' -r
complete -c onerescue -n "__fish_onerescue_using_subcommand drill" -l live-clock -d 'Let the simulated time pass as fast as real time'
complete -c onerescue -n "__fish_onerescue_using_subcommand drill" -l bench -d 'Do not tell a recovery: measure many, from the loss of power to the last VM, as a table'
complete -c onerescue -n "__fish_onerescue_using_subcommand drill" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand drill-power" -l port -r
complete -c onerescue -n "__fish_onerescue_using_subcommand drill-power" -s h -l help -d 'Print help'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "check" -d 'Check the installation: settings, oned, the hook, every fence device, witnesses'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "setup" -d 'Set up what an installation needs: it is shown, and asked for, before it is done'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "plan" -d 'Show what would run where, and what would be held, if hosts died now; changes nothing'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "disarm" -d 'Keep every host of the zone, or of a cluster, from being fenced'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "arm" -d 'End what `disarm` began'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "confirm-off" -d 'Say that you have seen that a host is off, for one that no device can prove off'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "proceed" -d 'Take the brakes off the incident of a host, once and for ten minutes: storm, windows, flaps, grace, gateways'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "layer" -d 'See and change anti-affinity layers: VMs that must not share a host'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "evacuate" -d 'Empty a host that is alive: disable it, and move its VMs to others, live where they run'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "restore" -d 'Put a host that was emptied into service again, and bring back what was moved from it'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "reconcile" -d 'Go on with incidents whose run is gone, look again at what is held, begin with hosts whose event was lost'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "watch" -d 'Make oned look sooner at a host that is silent; a service, from `onerescue-watch.service`'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "status" -d 'Show on one screen what is open, what goes on by itself, and what needs a person first'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "history" -d 'List every incident of the zone, newest first'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "metrics" -d 'Print metrics for Prometheus; reconcile writes the same to `[metrics] file`'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "show" -d 'Show one incident: its phases with times, its evidence, each VM with its outcome'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "replay" -d 'Lead today\'s policy through the recorded answers, and show where it would now decide differently'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "report" -d 'Write one incident down as a page for people: what happened, the timeline, the evidence, each VM, who did what'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "abort" -d 'End the open incident of a host: nothing more is sent for it'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "notify" -d 'Tell the receivers of the settings ([[notify]]) which incidents were opened, are held, need somebody, or have ended, and which hosts cannot be lost'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "drill" -d 'Lose a host of a simulated cloud and watch the recovery'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "drill-power" -d 'The fence program of a served drill: the HOST document in base64 on stdin, as every fence program gets it'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and not __fish_seen_subcommand_from check setup plan disarm arm confirm-off proceed layer evacuate restore reconcile watch status history metrics show replay report abort notify drill drill-power help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from setup" -f -a "hooks" -d 'Register the hooks of onerescue, in the place of OpenNebula\'s own; as oneadmin, once per zone'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from setup" -f -a "hosts" -d 'Print the [[host]] entries of hosts that have none, or put those of a list or of a scan into the settings file'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "list" -d 'Every layer, and every rule between roles, with its members and their hosts'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "check" -d 'What is wrong with layers and rules between roles now, or would be after the loss of a host'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "create" -d 'Make a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "add" -d 'Add VMs to a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "remove" -d 'Take VMs out of a layer'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "rename" -d 'Give a layer another name'
complete -c onerescue -n "__fish_onerescue_using_subcommand help; and __fish_seen_subcommand_from layer" -f -a "delete" -d 'Delete a layer with at most one member'
