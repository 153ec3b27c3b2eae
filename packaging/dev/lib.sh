# Shared by the scripts of this directory: Debian packages, messages, the build. To be sourced.

# Needed to build the programs.
build_packages=(libcurl4-openssl-dev libsecret-1-dev libqrencode-dev libseccomp-dev pkg-config)
# Needed by the demo: a session bus with a keyring, and an HTTP client for the socket.
demo_packages=(dbus gnome-keyring curl)
# Needed by the tests: real servers and keyrings, and tools for the other checks.
test_packages=(
    dbus gnome-keyring glewlwyd sqlite3 openssl curl libsecret-tools libglib2.0-bin mandoc bsdextrautils systemd binutils
    util-linux libfaketime bindfs prometheus prometheus-node-exporter logrotate python3 python3-jeepney
    python3-cryptography golang-go oidc-agent-cli
    keepassxc strace xvfb xdotool libkf5wallet-bin libqca-qt5-2-plugins git nginx-light skopeo
    openssh-server openssh-client iproute2 zsh fish
    liblemonldap-ng-portal-perl libplack-perl libstring-random-perl libio-string-perl libcrypt-openssl-bignum-perl
)
# Needed by api-fuzz.
fuzz_packages=(python3-venv iproute2 util-linux)
# Needed by try-programs: by all its trials, and by each.
program_packages=(python3-venv python3-cryptography iproute2 util-linux openssl)
git_packages=(git)
docker_packages=(docker-registry nginx-light skopeo)
aws_packages=(awscli)
mail_packages=(glewlwyd dovecot-imapd dovecot-submissiond isync libsasl2-modules-kdexoauth2 msmtp)
browser_packages=(glewlwyd chromium chromium-driver python3-selenium)
prometheus_packages=(prometheus nginx-light)
systemd_packages=(systemd dbus curl python3)
# The client library's example in JavaScript runs in whichever Node there is.
command -v node >/dev/null || test_packages+=(nodejs)
# Other packages have a kubectl, too, and do not go with Debian's.
command -v kubectl >/dev/null || test_packages+=(kubernetes-client)

# Unit tests that talk to a program of another Debian package than the build's: a keyring, openssl, python3, curl, promtool.
# `packaging/test --unit` leaves them out, and fails if one that is not named here asks for such a program.
unit_tests_with_programs=(
    KeyringStoreTests.KeyringStoreTests KeyringStoreTests.HelperProtocolTests CurlTransportTests.TLSTests
    CurlTransportTests.ClientCertificateTests ProxyTests/wholeTunnel ProxyTests/noProxy AssertionKeyTests/openSSL
    AssertionKeyTests/otherKeys AssertionKeyTests/noKey PeerTests/otherUser HostileReplyTests/foreign
    MetricsTextTests/labels MetricsTextTests/linter MetricsTextTests/histogram AgentServerTests.MetricsTests/requests
    HookRunnerTests/unkillable AgentTests.MetricsTests/refreshes AgentTests.MetricsTests/agent
    RedirectListenerTests.RedirectListenerTests
)

# Needed by the examples for a fleet.
fleet_packages=(ansible-core ansible-lint yamllint cloud-init)

# Needed to build the Debian package and to check it.
package_packages=(debhelper dpkg-dev lintian debootstrap)
# Needed to build the RPM and to check it.
rpm_packages=(rpm rpmlint)

# Needed by packaging/sbom and its check.
sbom_packages=(python3 python3-venv dpkg-dev binutils)

# The names by which other programs look for their helpers, see authagent-helper(1).
helper_names=(
    git-credential-authagent docker-credential-authagent cargo-credential-authagent terraform-credentials-authagent
)

# Reads the options that all package builds have into `built` and `output`.
package_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "packaging/${0##*/}"
            exit 0
            ;;
        --build | --output)
            [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a directory" "run '$0 --help'"
            case $1 in --build) built=$2 ;; --output) output=$2 ;; esac
            shift 2
            ;;
        *) die "there is no option '$1'" "run '$0 --help'" ;;
        esac
    done
}

# Sets `built` to the directory of a release build, which is brought up to date unless it names one already.
release_build() {
    local program
    if [ -z "$built" ]; then
        need_swift
        say "building"
        build_release authagent authagentd authagent-keyring
        built=$bin
    fi
    built=$(realpath -- "$built")
    for program in authagent authagentd authagent-keyring; do
        [ -x "$built/$program" ] || die "$built/$program is missing" "build it first, or leave --build out"
    done
}

# The version of the programs, from its only place.
agent_version() {
    local version
    version=$(sed -n 's/^public let agentVersion = "\(.*\)"$/\1/p' Sources/Shared/AgentAPI/Routes/AgentVersion.swift)
    [ -n "$version" ] || die "there is no version in Sources/Shared/AgentAPI/Routes/AgentVersion.swift"
    printf '%s\n' "$version"
}

# Prints NAME=NUMBER for each format in which the programs store logins, as they write it.
record_formats() {
    local name file constant number
    # An archive has no sources.
    if [ -e formats ]; then
        cat formats
        return
    fi
    while read -r name constant file; do
        number=$(sed -nE "s/^ *(package |public |private )*static let $constant(: UInt8)? = ([0-9]+)\$/\3/p" "Sources/$file")
        [[ $number =~ ^[0-9]+$ ]] || die "there is no '$constant' in Sources/$file"
        printf '%s=%s\n' "$name" "$number"
    done <<'FORMATS'
keyring-item form Shared/KeyringProtocol/SecretEncoding.swift
login recordVersion Agent/Vault/Records/CredentialRecord.swift
sealed-file version Adapters/SealedStorage/Envelope/Envelope.swift
sealed-store version Adapters/SealedStorage/Store/StoreHeader.swift
FORMATS
}

say() { printf '\n== %s\n' "$*"; }

die() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    [ $# -lt 2 ] || printf '%s: hint: %s\n' "${0##*/}" "$2" >&2
    exit 1
}

need_swift() {
    command -v swift >/dev/null || die "there is no Swift toolchain" "install Swift 6.2 or later from swift.org"
}

# Installs missing packages as root; other users get the command that does.
need_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "Debian packages are missing" "run 'sudo apt-get install ${missing[*]}'"
    say "installing ${missing[*]}"
    apt-get update -qq
    # Servers are started by the scripts that need them, on ports of their own, and not by their installation.
    local policy=/usr/sbin/policy-rc.d status=0 is_ours=false
    if [ ! -e "$policy" ]; then
        is_ours=true
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" || status=$?
    if $is_ours; then rm -f "$policy"; fi
    return "$status"
}

# Unpacks a Debian package's files without installing it.
#
# usage: unpack_package PACKAGE DIRECTORY
unpack_package() {
    local scratch
    scratch=$(mktemp -d)
    say "unpacking $1"
    (cd "$scratch" && apt-get -o APT::Sandbox::User=root -qq download "$1" >/dev/null)
    mkdir -p "$2.part"
    dpkg-deb --extract "$scratch"/*.deb "$2.part"
    mv "$2.part" "$2"
    rm -rf "$scratch"
}

# Makes a Python environment with the packages of a list, anew if the list has changed.
#
# usage: python_packages LIST DIRECTORY
python_packages() {
    local mark
    mark=$(sha256sum <"$1")
    [ "$(cat "$2/complete" 2>/dev/null)" != "$mark" ] || return 0
    say "Python packages of $1, in $2"
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    /usr/bin/python3 -m venv "$2"
    "$2/bin/pip" install --quiet --disable-pip-version-check --no-compile --requirement "$1"
    echo "$mark" >"$2/complete"
}

# Builds the programs as they are installed, and sets `bin` to their directory. By name, because the tests' fixtures
# need the testing library, which has no static form. Compiler output is shown on failure only: a static glibc makes the
# linker warn about functions that are never called. Without a local rpath, so that the loader looks for libraries in the
# system's directories and not beside the programs.
build_release() {
    local program log order=Sources/Programs/authagent/link-order.txt client=.build/release/authagent
    # SwiftPM does not know that the client depends on this file.
    if [ "$order" -nt "$client" ]; then rm -f "$client"; fi
    log=$(mktemp)
    for program in "$@"; do
        printf '%s\n' "$program"
        swift build -c release --static-swift-stdlib --disable-local-rpath --product "$program" >"$log" 2>&1 || {
            cat "$log"
            rm -f "$log"
            return 1
        }
    done
    rm -f "$log"
    bin=$(swift build -c release --static-swift-stdlib --show-bin-path)
}

# Starts an agent that answers every request with the same token, at DIRECTORY/authagent/agent.sock.
#
# usage: start_echo BENCH-ECHO DIRECTORY
start_echo() {
    local body='{"access_token":"0123456789abcdef0123456789abcdef","account":"work","expires_at":2000000000,'
    body+='"expires_in":3600,"id_token":"0123456789abcdef","id_token_expires_at":2000000000,"scope":"profile",'
    body+='"token_type":"Bearer"}'
    mkdir -m 700 "$2/authagent"
    printf 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: %d\r\n\r\n%s' \
        ${#body} "$body" >"$2/reply"
    "$1" "$2/authagent/agent.sock" <"$2/reply" >"$2/echo" &
    echo_pid=$!
    until grep -q serving "$2/echo"; do
        kill -0 "$echo_pid" 2>/dev/null || die "bench-echo does not start"
        sleep 0.05
    done
}

end_echo() { [ -z "${echo_pid:-}" ] || kill "$echo_pid"; }

# Prints the page faults of `authagent token NAME` as after an installation and a restart: the program is stripped, and
# the kernel has read it page by page. A file just written is in the page cache in larger pieces, and costs fewer.
#
# usage: client_faults AUTHAGENT DIRECTORY, which has bench-load and bench-echo
client_faults() {
    local scratch load
    scratch=$(mktemp -d)
    strip -o "$scratch/client" "$1"
    sync "$scratch/client"
    dd if="$scratch/client" iflag=nocache count=0 status=none
    start_echo "$2/bench-echo" "$scratch"
    load=$(env -i XDG_RUNTIME_DIR="$scratch" "$2/bench-load" spawn 100 "$scratch/client" token work </dev/null)
    end_echo
    rm -rf "$scratch"
    sed 's/.*"page_faults":\([0-9]*\).*/\1/' <<<"$load"
}

# Makes a small Debian 12 in a directory, from this machine's mirror.
#
# usage: make_debian DIRECTORY PACKAGE...
make_debian() {
    local mirror log
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -n 1)
    log=$(mktemp)
    {
        debootstrap --variant=minbase bookworm "$1" ${mirror:+"$mirror"} &&
            in_root "$1" apt-get install -y -qq --no-install-recommends "${@:2}"
    } >"$log" 2>&1 || {
        tail -n 20 "$log"
        rm -f "$log"
        return 1
    }
    rm -f "$log"
}

# Runs a command in another root directory, without a service manager; its processes end with it.
#
# usage: in_root DIRECTORY COMMAND...
in_root() {
    unshare --mount --pid --fork --kill-child bash -eu -c '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        exec chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"
    ' bash "$@" </dev/null
}
