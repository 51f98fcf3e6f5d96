#include "domains/socket-pair.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::domains {

Result<std::array<int, 2>, SystemFailure> createSocketPair(PairKind kind) {
  std::array<int, 2> pair;
  const int type = kind == PairKind::records ? SOCK_SEQPACKET : SOCK_STREAM;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()) != 0) return SystemFailure{errno};
  return pair;
}

Result<int, SystemFailure> listenAtPath(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return SystemFailure{ENAMETOOLONG};
  std::ranges::copy(path, address.sun_path);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return SystemFailure{errno};
  const mode_t before = ::umask(0177);
  const bool isBound =
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int why = errno;
  ::umask(before);
  if (!isBound) {
    ::close(descriptor);
    return SystemFailure{why};
  }
  if (::listen(descriptor, 64) != 0) {
    const SystemFailure failure{errno};
    ::close(descriptor);
    return failure;
  }
  return descriptor;
}

}  // namespace sallyport::domains
