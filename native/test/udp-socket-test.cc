// What a socket of ours asks of the network.
#include "net/udp-socket.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "test/loopback-sockets.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::net {

namespace {

using test::expect;
using test::someSockets;
using test::Story;

/// Traffic class with which a datagram from `sender` reaches another socket of `host`; -1 when none
/// is told.
int trafficClassSeen(const char* host, const SocketOptions& options) {
  const LegSockets sender = someSockets(host, RtcpPorts::mux, options);
  const LegSockets receiver = someSockets(host, RtcpPorts::mux);
  const bool isSix = receiver.rtp.local().family() == AF_INET6;
  const int on = 1;
  const int descriptor = receiver.rtp.descriptor();
  expect(isSix ? ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on) == 0
               : ::setsockopt(descriptor, IPPROTO_IP, IP_RECVTOS, &on, sizeof on) == 0);

  sockaddr_storage to{};
  const socklen_t octets = receiver.rtp.local().toSocketAddress(to);
  expect(::sendto(sender.rtp.descriptor(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), octets) ==
         1);
  std::array<char, 8> payload{};
  alignas(cmsghdr) std::array<char, 128> control{};
  iovec vector{payload.data(), payload.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  // On loopback the datagram is there when sendto returns.
  expect(::recvmsg(descriptor, &message, MSG_DONTWAIT) == 1);
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS) {
      return *CMSG_DATA(each);
    }
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_TCLASS) {
      int value = -1;
      std::memcpy(&value, CMSG_DATA(each), sizeof value);
      return value;
    }
  }
  return -1;
}

const Story marks("packets carry the code point, expedited forwarding unless told (RFC 2474)", [] {
  for (const char* host : {"127.0.0.1", "::1"}) {
    expect(trafficClassSeen(host, {}) == 46 << 2);
    expect(trafficClassSeen(host, {.dscp = 10}) == 10 << 2);
    expect(trafficClassSeen(host, {.dscp = 0}) == 0);
  }
});

const Story buffers("the buffers that the kernel granted can be asked for", [] {
  const SocketBuffers small =
      someSockets("127.0.0.1", RtcpPorts::mux, {.bufferOctets = 8192}).rtp.buffers();
  const SocketBuffers usual = someSockets().rtp.buffers();
  expect(small.receiveOctets >= 8192 && small.sendOctets >= 8192);
  expect(usual.receiveOctets > small.receiveOctets && usual.sendOctets > small.sendOctets);
});

}  // namespace

}  // namespace sallyport::net
