# Completion for fish: invoke, inv, upready, ./invoke, `uv run invoke` and `uvx upready`.
# Keep this in a file that your shell reads when it starts.

# For invoke, inv and upready.
function __upready
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' $HOME/ -- $words[1])
    set -l folder (string replace -r '/[^/]*$' '' -- $program)
    if string match -q '*/*' -- $program; and test -e $folder/tasks.py
        # A wrapper would install what is missing; a TAB does not.
        set program (__upready_find $folder (string replace -r '.*/' '' -- $program))
        and __upready_ask 1 $program --search-root $folder
    else
        __upready_ask 1 $program
    end
end

# For uv and uvx, where __upready_behind_uv holds.
function __upready_uv
    set -l words (commandline -opc)
    set -l index (__upready_behind_uv); or return
    if string match -q 'upready@*' -- $words[$index]; or string match -qr '(^|/)uvx$' -- $words[1]
        __upready_ask $index uvx upready
    else
        set -l program (__upready_find . $words[$index]); and __upready_ask $index $program
    end
end

# Print the index of the program in `uv run invoke`, `uvx upready` and the like; fail where there is none.
function __upready_behind_uv
    set -l words (commandline -opc)
    set -l seen (string replace -r '.*/' '' -- $words[1])
    set -l before
    set -l index 1
    for word in $words[2..-1]
        set index (math $index + 1)
        if not contains -- "$before" --from --package --with
            switch "$seen $word"
                case 'uv run'
                    set seen 'uv run'
                case 'uv run invoke' 'uv run inv' 'uv run upready' 'uvx upready' 'uvx upready@*'
                    echo $index
                    return 0
            end
        end
        set before $word
    end
    return 1
end

# __upready_find FOLDER NAME: print the program of the environment in this folder, or in the nearest one above.
function __upready_find
    set -l environment .venv
    set -q UV_PROJECT_ENVIRONMENT; and set environment $UV_PROJECT_ENVIRONMENT
    set -l folder (builtin realpath -- $argv[1]); or return
    while true
        set -l place $folder/$environment/bin/$argv[2]
        test -x $place; and echo $place; and return 0
        test -n "$folder"; or return 1
        set folder (string replace -r '/[^/]*$' '' -- $folder)
    end
end

# __upready_ask INDEX PROGRAM...: print what the program says of the words behind the one at INDEX.
function __upready_ask
    set -l words (commandline -opc)
    set -l behind (string escape -- $words[(math $argv[1] + 1)..-1]) (commandline -ct)
    set -l told (OPS_COMPLETION=fish UV_OFFLINE=1 $argv[2..-1] --complete -- "invoke "(string join ' ' -- $behind) 2>/dev/null </dev/null)
    or return
    if test (count $told) -eq 0
        # Nothing at all: the names of files.
        __fish_complete_path (commandline -ct)
    else
        string match -v \t -- $told
    end
end

complete --command invoke --no-files --arguments '(__upready)'
complete --command inv --no-files --arguments '(__upready)'
complete --command upready --no-files --arguments '(__upready)'
complete --command uv --condition '__upready_behind_uv >/dev/null' --no-files --arguments '(__upready_uv)'
complete --command uvx --condition '__upready_behind_uv >/dev/null' --no-files --arguments '(__upready_uv)'
