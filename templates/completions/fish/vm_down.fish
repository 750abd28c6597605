complete -c vm_down -l vm -d 'The VM, by id, when there is no template' -r
complete -c vm_down -l config -d 'The settings file' -r -F
complete -c vm_down -l dry-run -d 'Say what would be done and change nothing'
complete -c vm_down -s h -l help -d 'Print help'
complete -c vm_down -s V -l version -d 'Print version'
