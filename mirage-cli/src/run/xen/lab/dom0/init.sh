#!/usr/bin/busybox sh
# The first process of dom0: loads the drivers, starts Xen's tools, joins the network cards to bridges, and does then
# what it is told on a serial port of virtio's, which no console shares.
/usr/bin/busybox --install -s /usr/bin
export PATH=/usr/bin:/usr/sbin HOME=/root

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mkdir -p /run/xen /run/lock /run/lab
exec </dev/null >/dev/console 2>&1

while read -r module; do
    insmod "/lab/modules/$module" || echo "lab: the module $module cannot be loaded"
done </lab/modules/order
mount -t xenfs xenfs /proc/xen

xenstored --pid-file /run/xenstored.pid
until [ -S /run/xenstored/socket ]; do usleep 5000; done
xen-init-dom0
xenconsoled --log=guest --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid

ip link set lo up
number=0
while [ -e "/sys/class/net/eth$number" ]; do
    bridge="xenbr$number"
    brctl addbr "$bridge"
    echo 0 >"/sys/class/net/$bridge/bridge/forward_delay"
    ip link set "eth$number" up
    brctl addif "$bridge" "eth$number"
    ip link set "$bridge" up
    number=$((number + 1))
done

# A request is a line `ID SCRIPT DATA`, the lengths of what follows it. The script gets the data to read. The answer is a
# line `ID STATUS LENGTH` and what the script has said. Requests are done side by side: each answer says whose it is.
exec 3<>/dev/vport0p1
cd /run/lab || poweroff -f
# Whoever takes the one line that is in here may answer, and puts it back.
mkfifo turn
exec 4<>turn
echo >&4
perform() {
    sh "$1.script" <"$1.data" >"$1.out" 2>&1 3>&- 4>&-
    status=$?
    length=$(stat -c %s "$1.out")
    read -r _ <&4
    echo "$1 $status $length" >&3
    head -c "$length" "$1.out" >&3
    echo >&4
    rm -f "$1.script" "$1.data" "$1.out"
}
while :; do
    if ! read -r id script data <&3; then
        # Nobody is connected yet.
        usleep 5000
        continue
    fi
    dd bs="$script" count=1 iflag=fullblock <&3 >"$id.script" 2>/dev/null
    : >"$id.data"
    [ "$data" -eq 0 ] || dd bs="$data" count=1 iflag=fullblock <&3 >"$id.data" 2>/dev/null
    perform "$id" &
done
