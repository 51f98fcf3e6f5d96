#pragma once

#include <random>

#include "net/port-pool.h"

namespace sallyport::test {

/// Sockets of a leg on loopback, at ports that other tests do not have.
inline net::LegSockets someSockets(const char* address = "127.0.0.1",
                                   net::RtcpPorts ports = net::RtcpPorts::pair,
                                   const net::SocketOptions& options = {}) {
  std::random_device random;
  const auto host = media::TransportAddress::parse(address, 0).value();
  net::PortPool pool(host, {.first = 20000, .last = 60000}, 0, options);
  return pool.bind(ports, random(), 0).value();
}

}  // namespace sallyport::test
