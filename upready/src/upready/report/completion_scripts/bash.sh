# shellcheck shell=bash
# Completion for bash: invoke, inv, upready, ./invoke, `uv run invoke` and `uvx upready`.
# Keep this in a file that your shell reads when it starts.

# For invoke, inv and upready.
_upready() {
  local program=${COMP_WORDS[0]} folder
  # Quotes and ~ are undone here; what the shell would have to run is left alone.
  case $program in
    *[\$\`\(\)\<\>\;\&\|]*) return ;;
    *[\'\"\\~]*) eval "program=$program" 2>/dev/null || return ;;
  esac
  if [[ $program == */* && -e ${program%/*}/tasks.py ]]; then
    # A wrapper would install what is missing; a TAB does not.
    folder=${program%/*}
    program=$(_upready_find "$folder" "${program##*/}") && _upready_ask 0 "$2" "$program" --search-root "$folder"
  else
    _upready_ask 0 "$2" "$program"
  fi
}

# For uv and uvx: the words behind `uv run invoke` and the like; all else is for what completed it before.
_upready_uv() {
  local seen=${COMP_WORDS[0]##*/} before="" program i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$seen $before ${COMP_WORDS[i]}" in
      *" --from "* | *" --package "* | *" --with "*) ;;
      "uv "*" run") seen="uv run" ;;
      "uv run "*" "invoke | "uv run "*" "inv | "uv run "*" "upready)
        program=$(_upready_find . "${COMP_WORDS[i]}") && _upready_ask "$i" "$2" "$program"
        return
        ;;
      "uvx "*" upready" | "uvx "*" upready@"*)
        _upready_ask "$i" "$2" uvx upready
        return
        ;;
    esac
    before=${COMP_WORDS[i]}
  done
  [[ -z $_upready_before ]] || "$_upready_before" "$@"
}

# _upready_find FOLDER NAME: print the program of the environment in this folder, or in the nearest one above.
_upready_find() {
  local folder place
  folder=$(CDPATH='' builtin cd -- "$1" && pwd) || return
  while :; do
    for place in "$folder/${UV_PROJECT_ENVIRONMENT:-.venv}"/{bin/"${2%.cmd}","Scripts/${2%.cmd}.exe"}; do
      [[ -x $place ]] && printf %s "$place" && return
    done
    [[ -n $folder ]] || return
    folder=${folder%/*}
  done
}

# _upready_ask INDEX TYPED PROGRAM...: offer what the program says of the words behind the one at INDEX.
_upready_ask() {
  local rest=${COMP_LINE:0:COMP_POINT} told line word i
  for ((i = 0; i <= $1; i++)); do rest=${rest#*"${COMP_WORDS[i]}"}; done
  told=$(OPS_COMPLETION=bash UV_OFFLINE=1 "${@:3}" --complete -- "invoke$rest" 2>/dev/null </dev/null) || return
  # Nothing at all: the names of files.
  [[ -n $told ]] || compopt -o default 2>/dev/null
  # bash completes a part of a word only, from the last = or : on.
  local part=${rest##*[[:space:]]}
  part=${part%"$2"}
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    [[ -n $word ]] || continue
    word=${word#"$part"}
    # A project with nothing but invoke's own tasks is told all of them, without a sentence.
    [[ $line == *$'\t'* || $word == "$2"* ]] || continue
    [[ $rest == *[\'\"]"$2" ]] || printf -v word %q "$word"
    COMPREPLY+=("$word")
  done <<<"$told"
  [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

# bash-completion loads uv's own completion only when it is first needed: now.
_upready_before=${_upready_before-}
complete -p uv &>/dev/null || _comp_load uv &>/dev/null || __load_completion uv &>/dev/null
[[ $(complete -p uv 2>/dev/null) =~ \ -F\ ([^ ]+) ]] && [[ ${BASH_REMATCH[1]} != _upready_uv ]] \
  && _upready_before=${BASH_REMATCH[1]}
complete -F _upready invoke inv upready
complete -o bashdefault -o default -F _upready_uv uv uvx
