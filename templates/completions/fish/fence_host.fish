complete -c fence_host -l host -d 'The host, by id or name, when there is no template' -r
complete -c fence_host -l config -d 'The settings file' -r -F
complete -c fence_host -s h -l help -d 'Print help'
complete -c fence_host -s V -l version -d 'Print version'
