#include "domains/socket-pair.h"

#include <sys/socket.h>

#include <cerrno>

namespace sallyport::domains {

Result<std::array<int, 2>, SystemFailure> createSocketPair(PairKind kind) {
  std::array<int, 2> pair;
  const int type = kind == PairKind::records ? SOCK_SEQPACKET : SOCK_STREAM;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()) != 0) return SystemFailure{errno};
  return pair;
}

}  // namespace sallyport::domains
