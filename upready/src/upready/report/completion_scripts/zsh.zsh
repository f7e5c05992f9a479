# Completion for zsh: invoke, inv, upready, ./invoke, `uv run invoke` and `uvx upready`.
# Keep this in a file that your shell reads when it starts.

# For invoke, inv and upready.
_upready() {
  local program=${(Q)words[1]} folder
  program=${~program}
  if [[ $program == */* && -e ${program:h}/tasks.py ]]; then
    # A wrapper would install what is missing; a TAB does not.
    folder=${program:h}
    program=$(_upready_find $folder ${program:t}) && _upready_ask 1 $program --search-root $folder
  else
    _upready_ask 1 $program
  fi
}

# For uv and uvx: the words behind `uv run invoke` and the like; all else is for what completed it before.
_upready_uv() {
  local seen=${words[1]:t} before= program
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    case "$seen $before $words[i]" in
      (*" --from "*|*" --package "*|*" --with "*) ;;
      ("uv "*" run") seen="uv run" ;;
      ("uv run "*" "(invoke|inv|upready))
        program=$(_upready_find . $words[i]) && _upready_ask $i $program
        return
        ;;
      ("uvx "*" upready"|"uvx "*" upready@"*)
        _upready_ask $i uvx upready
        return
        ;;
    esac
    before=$words[i]
  done
  [[ -z $_upready_before[$service] ]] || $_upready_before[$service]
}

# _upready_find FOLDER NAME: print the program of the environment in this folder, or in the nearest one above.
_upready_find() {
  local folder=${1:a} place
  while true; do
    place=${folder%/}/${UV_PROJECT_ENVIRONMENT:-.venv}/bin/$2
    [[ -x $place ]] && print -rn -- $place && return
    [[ $folder != / ]] || return
    folder=${folder:h}
  done
}

# _upready_ask INDEX PROGRAM...: offer what the program says of the words behind the one at INDEX.
_upready_ask() {
  local -a behind=("${(@Q)words[$1+1,CURRENT-1]}" "${(Q)PREFIX}") lines open closed
  local line word told
  told=$(OPS_COMPLETION=zsh UV_OFFLINE=1 ${@:2} --complete -- "invoke ${(j: :)${(@qq)behind}}" 2>/dev/null </dev/null) \
    || return
  # Nothing at all: the names of files.
  if [[ -z $told ]]; then
    _files
    return
  fi
  for line in ${(f)told}; do
    word=${line%%$'\t'*}
    [[ -n $word ]] || continue
    line=${word//:/\\:}:${line#*$'\t'}
    if [[ $word == *= ]]; then open+=($line); else closed+=($line); fi
  done
  _describe -t values value closed -- open -S ''
}

(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
typeset -gA _upready_before
for _upready_name in uv uvx; do
  [[ $_comps[$_upready_name] == _upready_uv ]] || _upready_before[$_upready_name]=$_comps[$_upready_name]
done
unset _upready_name
compdef _upready invoke inv upready
compdef _upready_uv uv uvx
