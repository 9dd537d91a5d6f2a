#!/usr/bin/busybox sh
# What xl calls when a network card of a domain comes and goes: `vif` is its name here, XENBUS_PATH its place in xenstore.
[ "$1" = online ] || exit 0
ip link set "$vif" up
brctl addif "$(xenstore-read "$XENBUS_PATH/bridge")" "$vif"
xenstore-write "$XENBUS_PATH/hotplug-status" connected
