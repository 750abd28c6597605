complete -c host_error -s p -l pause -d 'Wait N monitoring cycles for the host to come back [default: the settings\' cycles, 2]' -r
complete -c host_error -l host -d 'The host, by id or name, when there is no template' -r
complete -c host_error -l config -d 'The settings file' -r -F
complete -c host_error -s m -l migrate -d 'Move each VM with its disks to another host'
complete -c host_error -s r -l recreate -d 'Delete each VM and create it again from its images: what was not saved is lost'
complete -c host_error -s d -l delete -d 'Delete each VM'
complete -c host_error -s f -l force -d 'Also SUSPENDED and POWEROFF VMs'
complete -c host_error -l hand-over -d 'Do not wait: `onerescue reconcile` goes on where this run would wait'
complete -c host_error -s u -l no-fencing -d 'Do not fence: nothing then keeps a VM from running twice'
complete -c host_error -l dry-run -d 'Say what would be done and change nothing'
complete -c host_error -s h -l help -d 'Print help'
complete -c host_error -s V -l version -d 'Print version'
