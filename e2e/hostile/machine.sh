#!/bin/sh
# A machine with a network of its own: an interface that leads outside, where a name server, a web server and a cloud's
# metadata answer, and a bridge without a cable. Runs the rest of its arguments there, as the same user.
# Start it with: unshare --net --mount sh machine.sh NODE outside.mjs COMMAND...
set -e
node=$1 outside_server=$2
shift 2
ip link set lo up
ip link add eth0 type veth peer name outer
ip link add bridge type veth peer name nothing
unshare --net sleep 120 >/dev/null &
outside=$!
trap 'kill $outside $server' EXIT
until [ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link set outer netns $outside
ip addr add 10.77.0.2/24 dev eth0
ip addr add 172.17.0.1/16 dev bridge
ip link set eth0 up
ip link set bridge up
nsenter --target $outside --net sh -c '
  ip link set lo up
  ip addr add 10.77.0.1/24 dev outer
  for address in 169.254.169.254 100.100.100.200; do ip addr add $address/32 dev lo; done
  ip link set outer up'
ip route add default via 10.77.0.1
nsenter --target $outside --net "$node" "$outside_server" </dev/null >/dev/null &
server=$!
"$@"
