#include "launcher/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace sallyport::launcher {

namespace {

// The kernel's numbers, which older headers do not have.
constexpr std::uint64_t kExecute = 1u << 0;
constexpr std::uint64_t kWriteFile = 1u << 1;
constexpr std::uint64_t kReadFile = 1u << 2;
constexpr std::uint64_t kReadDirectory = 1u << 3;
constexpr std::uint64_t kTruncate = 1u << 14;
constexpr std::uint64_t kIoctlDevice = 1u << 15;
/// Of a file; the others are for directories.
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr std::uint64_t kScopes = 1u << 0 | 1u << 1;  // abstract Unix sockets, signals

constexpr std::uint64_t handledBy(int version) {
  const int rights = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
  return (std::uint64_t{1} << rights) - 1;
}

/// `landlock_ruleset_attr` of version 6.
struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};

bool allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const int opened = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (opened < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  struct stat status {};
  const bool isKnown = ::fstat(opened, &status) == 0;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & kOfFiles;
  rule.parent_fd = opened;
  const bool isAdded = isKnown && ::syscall(SYS_landlock_add_rule, ruleset,
                                            LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  const int why = errno;
  ::close(opened);
  errno = why;
  return isAdded;
}

}  // namespace

int confineWithLandlock(const Arguments& arguments) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
  const std::uint64_t handled = handledBy(static_cast<int>(version));
  Ruleset wanted{handled, 0, version >= 6 ? kScopes : 0};
  const std::size_t size = version >= 6 ? sizeof wanted : version >= 4 ? 16 : 8;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size, 0));
  if (ruleset < 0) return -1;
  const std::uint64_t reading = kReadFile | kReadDirectory;
  const auto allowAll = [&](const std::vector<std::string>& paths, std::uint64_t rights) {
    return std::ranges::all_of(
        paths, [&](const std::string& path) { return allow(ruleset, path, rights & handled); });
  };
  const bool isConfined = allowAll(arguments.readable, reading) &&
                          allowAll(arguments.executable, reading | kExecute) &&
                          allowAll(arguments.writable, reading | kWriteFile | kTruncate) &&
                          ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  const int why = errno;
  ::close(ruleset);
  errno = why;
  return isConfined ? static_cast<int>(version) : -1;
}

}  // namespace sallyport::launcher
