#include "net/system-limits.h"

#include <sys/resource.h>

namespace sallyport::net {

SystemLimits readSystemLimits(const MediaPlaneOptions& options) noexcept {
  SystemLimits limits;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) limits.descriptors = descriptors.rlim_cur;
  for (const Interface& interface : options.interfaces) {
    const auto socket = UdpSocket::bind(interface.host.withPort(0), options.sockets);
    if (!socket) continue;
    limits.buffers = socket.value().buffers();
    break;
  }
  return limits;
}

}  // namespace sallyport::net
