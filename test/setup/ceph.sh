#!/bin/sh
# A real S3 store for the storage contract: Ceph's gateway from Debian packages, in memory, on loopback.
#
#   eval "$(test/setup/ceph.sh start)"      installs what is missing (as root) and exports VITRINE_TEST_S3*
#   npx vitest run test/contracts/storage.spec.ts
#   test/setup/ceph.sh stop "$VITRINE_TEST_CEPH"
set -eu

access_key=vitrine-test
secret_key=vitrine-test-secret
object_bytes=4294967296

say() { echo "ceph.sh: $*" >&2; }

install_packages() {
  command -v radosgw >/dev/null && command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null && return
  [ "$(id -u)" = 0 ] || { say 'install radosgw ceph-mon ceph-osd ceph-common, or run as root'; exit 1; }
  say 'installing radosgw ceph-mon ceph-osd ceph-common'
  apt-get update >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    radosgw ceph-mon ceph-osd ceph-common >&2
}

free_port() {
  /usr/bin/python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
}

write_config() {
  cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = [v1:127.0.0.1:$mon_port]
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr2 = false
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = $dir/keyring
run dir = $dir
log file = $dir/\$name.log
admin socket = $dir/\$name.asok
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = $object_bytes
mon data = $dir/mon
osd data = $dir/osd

[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
CONF
}

# The daemon inherits none of our descriptors: `eval "$(… start)"` would wait until they are closed.
daemon() {
  nohup "$@" </dev/null >>"$dir/daemons.out" 2>&1 &
  echo $! >>"$dir/pids"
}

# A busy machine may be too slow, so the daemons' logs are shown.
give_up() {
  say "no success: $1"
  tail -n 20 "$dir"/*.log "$dir/daemons.out" >&2
  stop "$dir"
  exit 1
}

# until_true <seconds> <command ...>
until_true() {
  tries=$(($1 * 5))
  shift
  until "$@" >>"$dir/setup.log" 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || give_up "$*"
    sleep 0.2
  done
}

# Sometimes the OSD contacts the monitor before it knows the cluster's id ("wrong fsid") and exits, so it is started again.
osd_is_up() {
  { [ -n "${osd_pid:-}" ] && kill -0 "$osd_pid"; } || { daemon ceph-osd -f -i 0; osd_pid=$!; }
  ceph --connect-timeout 2 osd stat | grep -q '1 up'
}

start() {
  install_packages
  dir=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-ceph.XXXXXX")
  fsid=$(cat /proc/sys/kernel/random/uuid)
  osd_uuid=$(cat /proc/sys/kernel/random/uuid)
  port=$(free_port)
  # With its protocol version (v1): on any port but 6789 clients would try version 2 first, and hang.
  mon_port=$(free_port)
  mkdir "$dir/mon" "$dir/osd" "$dir/rgw"
  write_config
  export CEPH_CONF="$dir/ceph.conf"
  {
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    monmaptool --create --addv a "[v1:127.0.0.1:$mon_port]" --fsid "$fsid" "$dir/monmap"
    ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
  } >>"$dir/setup.log" 2>&1
  daemon ceph-mon -f -i a
  until_true 60 ceph --connect-timeout 2 osd new "$osd_uuid" 0
  ceph-osd -i 0 --mkfs --osd-uuid "$osd_uuid" >>"$dir/setup.log" 2>&1
  until_true 60 osd_is_up
  daemon radosgw -f -n client.rgw.a
  until_true 60 radosgw-admin user create --uid=vitrine --display-name=vitrine \
    --access-key="$access_key" --secret-key="$secret_key"
  until_true 60 /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
  cat <<ENV
export VITRINE_TEST_CEPH=$dir
export VITRINE_TEST_S3=http://127.0.0.1:$port
export VITRINE_TEST_S3_ACCESS_KEY_ID=$access_key
export VITRINE_TEST_S3_SECRET_ACCESS_KEY=$secret_key
ENV
}

# Ends only the processes that `start` recorded, the gateway first.
stop() {
  pids=$(tac "$1/pids" 2>/dev/null || true)
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  for pid in $pids; do
    tries=50
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
      tries=$((tries - 1))
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  done
}

case "${1:-}" in
  start) start ;;
  stop)
    stop "${2:?the directory that start printed}"
    rm -r "$2"
    ;;
  *)
    say 'start | stop <directory>'
    exit 2
    ;;
esac
