#include "net/udp-socket.h"

#include <unistd.h>

#include <cerrno>

namespace sallyport::net {

namespace {

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

int option(int descriptor, int name) noexcept {
  int value = 0;
  socklen_t octets = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &octets) == 0 ? value : 0;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<UdpSocket, BindFailure> UdpSocket::bind(const media::TransportAddress& local,
                                               const SocketOptions& options) noexcept {
  FileDescriptor owned(
      ::socket(local.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  const int descriptor = owned.get();
  if (descriptor < 0) return failureFor(errno);
  // The two bits below the code point are for congestion notification (RFC 3168 §5).
  if (local.family() == AF_INET6) {
    setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    setOption(descriptor, IPPROTO_IPV6, IPV6_TCLASS, options.dscp << 2);
  } else {
    setOption(descriptor, IPPROTO_IP, IP_TOS, options.dscp << 2);
  }
  setOption(descriptor, SOL_SOCKET, SO_RCVBUF, options.bufferOctets);
  setOption(descriptor, SOL_SOCKET, SO_SNDBUF, options.bufferOctets);

  sockaddr_storage address{};
  const socklen_t octets = local.toSocketAddress(address);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), octets) != 0) {
    return failureFor(errno);
  }
  return UdpSocket(std::move(owned), local);
}

SocketBuffers UdpSocket::buffers() const noexcept {
  return {.receiveOctets = option(descriptor(), SO_RCVBUF),
          .sendOctets = option(descriptor(), SO_SNDBUF)};
}

}  // namespace sallyport::net
