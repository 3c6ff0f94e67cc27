# Which Debian packages are needed and why, and how they come onto the machine without starting or replacing a
# service. Sourced by quickstart, test/run and .ci/run.

packages_build=(
  gcc libc6-dev          # the compiler
  meson ninja-build pkg-config
  libglib2.0-dev         # base library
  libjansson-dev         # JSON
  libmicrohttpd-dev      # HTTP server
  libcurl4-openssl-dev   # HTTP client
  libcyaml-dev           # settings file
  libyaml-dev            # which libcyaml links against, but whose files its own -dev package does not ask for
  libutf8proc-dev        # Unicode folding of userName
  libidn2-dev            # domains
  libpq-dev libssl-dev   # PostgreSQL client, hashes and random numbers
  libxml2-dev libxmlsec1-dev # SAML messages and their signatures
  liblasso3-dev          # the second opinion on them
  zlib1g-dev             # the redirect binding's DEFLATE
  libseccomp-dev         # the verifier's sandbox
)
packages_run=(
  python3 python3-psycopg2 # the story, and the tests
  util-linux               # setpriv: servers run unprivileged
  tzdata ca-certificates curl
)
packages_test=(
  python3-pytest
  universal-ctags        # function sizes
  binutils               # objdump: no mutable globals
  openssl                # certificates for the proxy test
  python3-lxml           # canonical XML: forged SAML messages
  python3-cryptography   # and their signatures
)
packages_ci=(
  clang clang-format clang-tidy libclang-rt-14-dev
)
# Servers whose packages would start a service on installation: unpacked into build/host, never installed.
# Their libraries are installed from what the package itself declares.

packages_have() {
  dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

packages_missing() {
  local name
  for name in "$@"; do
    packages_have "$name" || printf '%s\n' "$name"
  done
}

# packages_install NAME…: installs what is missing, or says which command would.
packages_install() {
  local missing
  mapfile -t missing < <(packages_missing "$@")
  [ "${#missing[@]}" -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing and only root can install them. Run this, then try again:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "Installing: ${missing[*]}" >&2
  packages_update
  # policy-rc.d is not needed: none of these packages holds a service.
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2
}

# Only root may fetch new lists; anybody may download and unpack by those that are there.
packages_update() {
  if [ -z "${packages_updated:-}" ] && [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq >&2
    packages_updated=yes
  fi
}

# packages_libraries NAME: the libraries (and tzdata) that a package depends on, without the server packages themselves
# and without LLVM, which only PostgreSQL's JIT would load.
packages_libraries() {
  apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
    sed -n 's/^ *|\{0,1\}Depends: *//p' | grep -E '^(lib|tzdata)' | grep -v '^libllvm' | sort -u
}

# packages_unpack TOP NAME…: into TOP/build/host.
packages_unpack() {
  local top=$1 name folder
  shift
  folder=$top/build/host
  mkdir -p "$folder/deb"
  packages_update
  for name in "$@"; do
    echo "Unpacking $name into build/host (not installed: nothing is started on this machine)" >&2
    (cd "$folder/deb" && apt-get -o APT::Sandbox::User=root download -qq "$name" >&2) || return 1
    dpkg -x "$(ls -t "$folder/deb/${name}"_*.deb | head -n 1)" "$folder" || return 1
  done
}

# packages_postgres TOP: PostgreSQL's server, 15 or newer.
packages_postgres() {
  local top=$1 name libraries
  if compgen -G "/usr/lib/postgresql/1[5-9]/bin/initdb" >/dev/null ||
     compgen -G "$top/build/host/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
    return 0
  fi
  packages_update
  name=$(apt-cache search --names-only '^postgresql-[0-9]+$' | awk '{print $1}' | sort -t- -k2 -n | tail -n 1)
  if [ -z "$name" ] || [ "${name#postgresql-}" -lt 15 ]; then
    echo "apt offers no PostgreSQL 15 or newer." >&2
    return 1
  fi
  mapfile -t libraries < <(packages_libraries "$name")
  packages_install "${libraries[@]}" && packages_unpack "$top" "$name" "${name/postgresql-/postgresql-client-}"
}

# packages_nginx TOP: a front for the proxy test.
packages_nginx() {
  local top=$1 libraries
  [ -x /usr/sbin/nginx ] || [ -x "$top/build/host/usr/sbin/nginx" ] && return 0
  packages_update
  mapfile -t libraries < <(packages_libraries nginx)
  packages_install "${libraries[@]}" && packages_unpack "$top" nginx
}

# packages_fronts TOP: the other fronts that `gatepost proxy config` knows. Caddy is one program without libraries of its own.
packages_fronts() {
  local top=$1 libraries
  if [ ! -x /usr/sbin/haproxy ] && [ ! -x "$top/build/host/usr/sbin/haproxy" ]; then
    packages_update
    mapfile -t libraries < <(packages_libraries haproxy)
    packages_install "${libraries[@]}" && packages_unpack "$top" haproxy || return 1
  fi
  [ -x /usr/bin/caddy ] || [ -x "$top/build/host/usr/bin/caddy" ] || packages_unpack "$top" caddy
}

packages_dovecot=(dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-sieve dovecot-managesieved dovecot-pgsql)
packages_postfix=(postfix postfix-pgsql)

# packages_mail TOP: Dovecot and Postfix as they are on a mail host. What the host has is used; else they are unpacked, and
# relocate.so (see relocate.c) lets Dovecot run from there.
packages_mail() {
  local top=$1 name wanted=() libraries
  [[ -e /usr/lib/dovecot/modules/auth/libdriver_pgsql.so && -x /usr/lib/dovecot/managesieve ]] ||
    [ -x "$top/build/host/usr/sbin/dovecot" ] || wanted+=("${packages_dovecot[@]}")
  [ -e /usr/lib/postfix/postfix-pgsql.so ] || [ -x "$top/build/host/usr/lib/postfix/sbin/master" ] || wanted+=("${packages_postfix[@]}")
  if [ "${#wanted[@]}" -gt 0 ]; then
    [ "$(id -u)" -eq 0 ] || { echo "Dovecot or Postfix is missing. Run ./quickstart once as root: it unpacks them into build/host." >&2; return 1; }
    packages_update
    mapfile -t libraries < <(for name in "${wanted[@]}"; do packages_libraries "$name"; done | sort -u)
    packages_install "${libraries[@]}" && packages_unpack "$top" "${wanted[@]}" || return 1
  fi
  if [ -x "$top/build/host/usr/sbin/dovecot" ] && [ "$top/test/stack/relocate.c" -nt "$top/build/host/relocate.so" ]; then
    gcc -D_GNU_SOURCE -shared -fPIC -O1 -o "$top/build/host/relocate.so" "$top/test/stack/relocate.c" || return 1
  fi
}

# packages_dovecot_24 TOP: doveconf of Dovecot 2.4 into build/dovecot-2.4, from the next Debian, whose lists apt fetches and whose
# signature it checks in a folder of its own. It runs on this one's libraries. Where it cannot be had its test is skipped: no error.
packages_dovecot_24() {
  local top=$1 folder=$1/build/dovecot-2.4 mirror name
  [ -x "$folder/usr/bin/doveconf" ] && return 0
  [ "$(id -u)" -eq 0 ] && [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] || return 0
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
  [ -n "$mirror" ] || return 0
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/deb"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$folder/apt/sources.list"
  cat > "$folder/apt/apt.conf" <<END
Dir::State "$folder/apt";
Dir::State::status "/dev/null";
Dir::Cache "$folder/apt/cache";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::http::Timeout "20";
Acquire::Retries "0";
END
  if APT_CONFIG=$folder/apt/apt.conf apt-get update -qq >&2 &&
     (cd "$folder/deb" && APT_CONFIG=$folder/apt/apt.conf apt-get download -qq dovecot-core dovecot-pgsql dovecot-imapd libunwind8 >&2) &&
     for name in "$folder"/deb/*.deb; do dpkg -x "$name" "$folder" || break; done; then
    gcc -D_GNU_SOURCE -shared -fPIC -O1 -o "$folder/relocate.so" "$top/test/stack/relocate.c" || true
  else
    rm -rf "$folder/usr"
    echo "Dovecot 2.4 cannot be had here; its test is skipped." >&2
  fi
  rm -rf "$folder/apt" "$folder/deb"
}

packages_idp=(php-cli php-xml php-mbstring openssl) # what SimpleSAMLphp runs on; none of them holds a service

# packages_simplesaml TOP: the identity provider of the tests. Its package would bring a web server along, so it is unpacked.
packages_simplesaml() {
  local top=$1
  packages_install "${packages_idp[@]}" || return 1
  [ -d /usr/share/simplesamlphp/www ] || [ -d "$top/build/host/usr/share/simplesamlphp/www" ] || packages_unpack "$top" simplesamlphp
}

# packages_faketime TOP: a clock of its own for one server (the fault tests turn Dovecot's back).
packages_faketime() {
  compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || compgen -G "$1/build/host/usr/lib/*/faketime/libfaketime.so.1" >/dev/null ||
    packages_unpack "$1" libfaketime
}

# packages_compile TOP [TARGET…]: a release build in TOP/build.
packages_compile() {
  local top=$1
  shift
  if [ ! -f "$top/build/build.ninja" ]; then
    meson setup "$top/build" "$top" --buildtype=release >&2 || return 1
  fi
  ninja -C "$top/build" "$@" >&2
}
