#include "net/udp-socket.h"

#include <unistd.h>

#include <cerrno>

namespace sallyport::net {

namespace {

/// Holds what arrives while the worker is busy elsewhere: about a second of one G.711 call, or a
/// burst of a few hundred packets. The kernel may grant less (net.core.rmem_max).
constexpr int kSocketBufferOctets = 512 * 1024;

BindFailure failureFor(int error) noexcept {
  switch (error) {
    case EADDRINUSE:
      return BindFailure::portTaken;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EINVAL:
      return BindFailure::addressNotAvailable;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return BindFailure::tooManyFiles;
    case EACCES:
    case EPERM:
      return BindFailure::notPermitted;
    default:
      return BindFailure::internal;
  }
}

void setOption(int descriptor, int level, int name, int value) noexcept {
  // A refusal leaves the kernel's own default in force, which works too.
  static_cast<void>(::setsockopt(descriptor, level, name, &value, sizeof value));
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<UdpSocket, BindFailure> UdpSocket::bind(const media::TransportAddress& local) noexcept {
  FileDescriptor descriptor(
      ::socket(local.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (descriptor.get() < 0) return failureFor(errno);
  if (local.family() == AF_INET6) setOption(descriptor.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  setOption(descriptor.get(), SOL_SOCKET, SO_RCVBUF, kSocketBufferOctets);
  setOption(descriptor.get(), SOL_SOCKET, SO_SNDBUF, kSocketBufferOctets);

  sockaddr_storage address{};
  const socklen_t octets = local.toSocketAddress(address);
  if (::bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), octets) != 0) {
    return failureFor(errno);
  }
  return UdpSocket(std::move(descriptor), local);
}

}  // namespace sallyport::net
