complete -c host_back -l host -d 'The host, by id or name, when there is no template' -r
complete -c host_back -l config -d 'The settings file' -r -F
complete -c host_back -l hand-over -d 'Do not wait here: `onerescue reconcile` goes on'
complete -c host_back -l dry-run -d 'Say what would be done and change nothing'
complete -c host_back -s h -l help -d 'Print help'
complete -c host_back -s V -l version -d 'Print version'
