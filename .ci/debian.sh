# Sourced by the other scripts: what they need to know about the Debian machine that they run on.
# shellcheck shell=bash

# fail WORD...: say why, and end the script.
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# refresh: bring the package lists up to date, once a script. A broken third-party list is no reason to stop.
refresh() {
  [[ -n ${refreshed:-} ]] && return
  command -v apt-get >/dev/null || fail "installs Debian packages, and this is no Debian"
  [[ $(id -u) == 0 ]] || fail "needs root, to install Debian packages"
  apt-get -qq update >/dev/null || echo "${0##*/}: apt-get update had errors" >&2
  refreshed=yes
}

# need COMMAND PACKAGE...: install the packages unless the command is there.
need() {
  command -v "$1" >/dev/null && return
  refresh
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null \
    || fail "cannot install ${*:2}"
}

# debian_uri: print where this machine's own suite comes from, as apt is configured, whatever mirror that is.
debian_uri() {
  local codename uri
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # the names are apt's
  uri=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' \
    | awk -v codename="$codename" '$1 == "Debian" && $2 == codename { print $3; exit }')
  [[ -n $uri ]] || fail "apt knows no source for Debian $codename"
  echo "$uri"
}
