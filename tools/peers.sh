#!/bin/sh
# Installs the programs that the tests talk to, on Debian 12, and only those that
# are missing. No service is left running, nor started at boot: a test starts its
# own on loopback. `tools/peers.sh bench` also installs what `make bench` starts.
set -eu

missing=
services=
need() { # program package [service]
	for place in $(command -v "$1" || true) /usr/sbin/"$1" /usr/lib/postgresql/*/bin/"$1"; do
		[ -x "$place" ] && return
	done
	missing="$missing $2"
	services="$services ${3:-}"
}
need gcc "gcc libc6-dev" # for go test -race
need git git
need make make
need radclient freeradius-utils
need radsecproxy radsecproxy radsecproxy
need redis-server redis-server redis-server
need initdb postgresql postgresql
need chromium chromium
need promtool prometheus prometheus
need ip iproute2
need hostapd hostapd hostapd
need wpa_supplicant wpasupplicant wpa_supplicant
need freeradius freeradius freeradius
need systemd-analyze systemd
if [ "${1:-}" = bench ]; then
	[ -e /usr/lib/freeradius/rlm_sql_postgresql.so ] || missing="$missing freeradius-postgresql"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "peers: please install, by this system's own means:$missing" >&2
	exit 1
fi
root=
if [ "$(id -u)" -ne 0 ]; then
	root=sudo
fi

# Debian asks policy-rc.d before it starts what a package brings: 101 means no.
policy=/usr/sbin/policy-rc.d
saved=$policy.before-parvis
restore() {
	$root rm -f $policy
	if [ -e $saved ]; then
		$root mv $saved $policy
	fi
}
if [ -e $policy ] && [ ! -e $saved ]; then
	$root mv $policy $saved
fi
trap restore EXIT
trap 'exit 1' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null
$root chmod 755 $policy

echo "peers: installing$missing"
$root apt-get update -q
# shellcheck disable=SC2086 # a list
$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing

if [ -d /run/systemd/system ]; then
	for service in $services; do
		$root systemctl disable --now "$service"
	done
fi
